use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

const LIMIT: u64 = 5;

fn cell(numerator: u64, denominator: u64, groups: &[usize]) -> UnitCount {
    UnitCount { numerator, denominator, known: false, groups: groups.to_vec() }
}

fn shown(cells: &[UnitCount], groups: usize) -> (String, String) {
    let hidden = hide(cells, groups, LIMIT);
    let text = |of: &[bool]| of.iter().map(|hide| if *hide { '-' } else { 'x' }).collect();
    (text(&hidden.cells), text(&hidden.groups))
}

#[test]
fn a_figure_is_small_by_what_it_counts_or_leaves_out() {
    for (numerator, denominator, small) in [
        (0, 0, false),
        (0, 1, true),
        (0, 4, true),
        (0, 5, false),
        (5, 5, false),
        (1, 100, true),
        (4, 100, true),
        (5, 100, false),
        (96, 100, true),
        (95, 100, false),
        (100, 100, false),
    ] {
        assert_eq!(is_small(numerator, denominator, LIMIT), small, "{numerator}/{denominator}");
    }
}

#[test]
fn worked_tables() {
    // Nothing is small: all is shown.
    let all = [cell(10, 20, &[0]), cell(30, 60, &[0])];
    assert_eq!(shown(&all, 1), ("xx".into(), "x".into()));
    // A small cell drags the smallest other one along, not the sum.
    let one = [cell(2, 40, &[0]), cell(20, 30, &[0]), cell(30, 60, &[0])];
    assert_eq!(shown(&one, 1), ("--x".into(), "x".into()));
    // Without a sum it is alone.
    assert_eq!(shown(&[cell(2, 40, &[]), cell(20, 30, &[])], 0), ("-x".into(), String::new()));
    // Alone in its group: the group's sum is the cell itself and goes too; then
    // what is left of the province must not tell it.
    let lonely = [cell(2, 40, &[0, 2]), cell(20, 30, &[1, 2]), cell(30, 60, &[1, 2])];
    let (cells, groups) = shown(&lonely, 3);
    assert!(cells.starts_with('-') && groups.starts_with('-'), "{cells} {groups}");
    prove(&lonely, 3);
    // Who knows all the others is told no sum.
    let mut known = [cell(2, 40, &[0]), cell(20, 30, &[0]), cell(30, 60, &[0])];
    (known[1].known, known[2].known) = (true, true);
    assert_eq!(shown(&known, 1), ("-xx".into(), "-".into()));
    // One's own small figure is one's own.
    known = [cell(20, 40, &[0]), cell(2, 30, &[0]), cell(30, 60, &[0])];
    known[1].known = true;
    assert_eq!(shown(&known, 1), ("xxx".into(), "x".into()));
    // Two small ones that are few together are not told by their sum.
    let two = [cell(1, 1, &[0]), cell(1, 1, &[0]), cell(40, 80, &[0]), cell(50, 100, &[0])];
    assert_eq!(shown(&two, 1), ("---x".into(), "x".into()));
}

/// Solves for a sum of hidden cells with exact fractions, quite otherwise than
/// the program does: is `target` a combination of the sums that are shown?
fn follows(told: &[Vec<usize>], target: &[usize], unknowns: usize) -> bool {
    // Columns are the sums, rows the unknowns; the last column is the target.
    let mut matrix: Vec<Vec<Decimal>> = (0..unknowns)
        .map(|unknown| {
            let has = |of: &[usize]| Decimal::from(u8::from(of.contains(&unknown)));
            told.iter().map(|of| has(of)).chain([has(target)]).collect()
        })
        .collect();
    let mut done = 0;
    for column in 0..told.len() {
        let Some(pivot) = (done..unknowns).find(|row| !near_nought(matrix[*row][column])) else {
            continue;
        };
        matrix.swap(done, pivot);
        let pivot_row = matrix[done].clone();
        for (at, row) in matrix.iter_mut().enumerate() {
            if at != done && !near_nought(row[column]) {
                let factor = row[column] / pivot_row[column];
                row.iter_mut().zip(&pivot_row).for_each(|(a, b)| *a -= factor * b);
            }
        }
        done += 1;
    }
    matrix[done..].iter().all(|row| near_nought(row[told.len()]))
}

fn near_nought(value: Decimal) -> bool {
    value.abs() < Decimal::new(1, 9)
}

/// No small cell, and no small group, follows from what is shown.
fn prove(cells: &[UnitCount], groups: usize) {
    let hidden = hide(cells, groups, LIMIT);
    let members = |group: usize| -> Vec<usize> {
        (0..cells.len()).filter(|at| cells[*at].groups.contains(&group)).collect()
    };
    let unknown =
        |of: Vec<usize>| -> Vec<usize> { of.into_iter().filter(|at| hidden.cells[*at]).collect() };
    let told: Vec<Vec<usize>> = (0..groups)
        .filter(|group| !hidden.groups[*group])
        .map(|group| unknown(members(group)))
        .collect();
    for (at, cell) in cells.iter().enumerate() {
        if !cell.known && is_small(cell.numerator, cell.denominator, LIMIT) {
            assert!(hidden.cells[at], "small cell {at} is shown");
            assert!(!follows(&told, &[at], cells.len()), "cell {at} can be reckoned");
        }
        assert!(!(cell.known && hidden.cells[at]), "one's own is shown");
    }
    for group in 0..groups {
        let of = members(group);
        let sum = |part: fn(&UnitCount) -> u64| of.iter().map(|at| part(&cells[*at])).sum::<u64>();
        let small = is_small(sum(|c| c.numerator), sum(|c| c.denominator), LIMIT);
        let unknown = unknown(of.clone());
        if small && !unknown.is_empty() {
            assert!(hidden.groups[group], "small group {group} is shown");
            assert!(!follows(&told, &unknown, cells.len()), "group {group} can be reckoned");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_small_can_be_reckoned(
        counts in prop::collection::vec((0_u64..40, 0_u64..12, any::<bool>(), 0_usize..3, 0_usize..3), 1..14),
        mine in 0_usize..20,
    ) {
        // Main units lie within districts or across them; all are in the province.
        let cells: Vec<UnitCount> = counts
            .iter()
            .enumerate()
            .map(|(at, (denominator, few, rare, cup, district))| UnitCount {
                numerator: if *rare { (*few).min(*denominator) } else { *denominator / 2 },
                denominator: *denominator,
                known: at == mine,
                groups: vec![*cup, 3 + *district, 6],
            })
            .collect();
        prove(&cells, 7);
    }

    #[test]
    fn what_is_not_small_at_all_is_not_hidden(
        counts in prop::collection::vec((10_u64..40, 0_usize..3), 1..14),
    ) {
        let cells: Vec<UnitCount> =
            counts.iter().map(|(half, cup)| cell(*half, half * 2, &[*cup, 3])).collect();
        let hidden = hide(&cells, 4, LIMIT);
        prop_assert!(!hidden.cells.contains(&true) && !hidden.groups.contains(&true));
    }
}
