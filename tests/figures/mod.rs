//! Figures that are kept in parts equal those that are counted from all rows,
//! byte for byte, whatever was imported, taken back or changed in between.

mod province;

use khlang::store::ChangeTokens;
use proptest::prelude::*;
use province::{Province, Step};

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (1_usize..3).prop_map(Step::Import),
        2 => any::<prop::sample::Index>().prop_map(|at| Step::Void(at.index(1000))),
        1 => (2_usize..5).prop_map(Step::Registry),
        1 => (0_usize..3).prop_map(Step::Units),
        1 => (0_usize..3).prop_map(Step::Rules),
        1 => any::<prop::sample::Index>().prop_map(|at| Step::Forward(at.index(1000))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 8, ..ProptestConfig::with_cases(5) })]

    #[test]
    fn kept_figures_are_those_of_a_full_run(
        begin in 12_usize..40,
        steps in proptest::collection::vec(step(), 5..9),
    ) {
        let mut province = Province::new();
        province.take(&Step::Import(begin));
        prop_assert_eq!(province.kept(), province.full());
        for step in &steps {
            province.take(step);
            prop_assert_eq!(province.kept(), province.full(), "after {:?}", step);
            // And once more, from what is kept alone.
            prop_assert_eq!(province.kept(), province.full(), "twice after {:?}", step);
        }
    }
}

/// The last months of the sample lie in the round that is scored: registers of
/// two rounds, rows that came too late, registers taken back.
#[test]
fn kept_points_are_right_with_late_rows_and_registers_of_two_rounds() {
    let mut province = Province::new();
    let all = province.left().1;
    province.take(&Step::Import(all * 7 / 9));
    let mut seen = Vec::new();
    let rules = [2, 0, 2].map(Step::Rules);
    for step in [Step::Import(all / 9), Step::Void(all / 2), Step::Registry(3)].into_iter().chain([
        Step::Import(2),
        Step::Void(usize::MAX),
        Step::Forward(all - 4),
    ]) {
        province.take(&step);
        for rules in &rules {
            province.take(rules);
            let full = province.full();
            assert_eq!(province.kept(), full, "after {step:?}, {rules:?}");
            seen.push(full.points.units);
        }
    }
    // The stricter days of sending take points away, and give them back.
    let total = |at: usize| {
        let cells = seen[at].values().flat_map(|items| items.values());
        cells.flat_map(|months| months.values()).map(|cell| cell.rows).sum::<u64>()
    };
    assert!(total(0) > 0 && total(0) < total(1), "{} of {}", total(0), total(1));
}

/// A small archive makes only its unit be counted, and the answer is right.
#[test]
fn after_one_more_archive_only_a_part_is_counted() {
    let mut province = Province::new();
    province.take(&Step::Import(40));
    assert_eq!(province.kept(), province.full());
    let before = province.file();
    province.take(&Step::Import(1));
    assert_eq!(province.kept(), province.full());
    assert_ne!(province.file(), before, "what was counted is kept");
}

/// Whoever damages or deletes the file changes no figure.
#[test]
fn a_damaged_or_deleted_file_changes_no_figure() {
    let mut province = Province::new();
    province.take(&Step::Import(20));
    province.kept();
    province.take(&Step::Import(1));
    let full = province.full();
    let good = province.file();
    for damage in 0..4_usize {
        let mut bad = good.clone();
        match damage {
            0 => bad.truncate(good.len() / 2),
            1 => bad.iter_mut().skip(4096).step_by(997).for_each(|byte| *byte ^= 0x55),
            2 => bad.clear(),
            _ => bad = b"no database".repeat(4096),
        }
        province.write_file(&bad);
        assert_eq!(province.kept(), full, "damage {damage}");
    }
    std::fs::remove_file(province.path()).unwrap();
    assert_eq!(province.kept(), full);
}

/// A restore brings rows back under numbers that were given out meanwhile.
#[test]
fn after_a_restore_no_figure_is_of_what_was_lost() {
    let mut province = Province::new();
    province.take(&Step::Import(15));
    province.kept();
    let backup = province.backup();
    province.take(&Step::Import(2));
    province.kept();
    province.restore(&backup);
    assert_eq!(province.kept(), province.full());
    province.skip(2);
    province.take(&Step::Import(2));
    assert_eq!(province.kept(), province.full());
}

/// Marks are of what is stored: whoever has no row of a unit leaves it alone.
#[test]
fn an_archive_marks_the_units_of_its_rows_and_no_other() {
    let mut province = Province::new();
    province.take(&Step::Import(30));
    let before = province.change_tokens();
    let changed = |after: &ChangeTokens| {
        let other =
            |unit: &&str| after.token_of_unit(unit, None) != before.token_of_unit(unit, None);
        after.units().filter(other).map(str::to_owned).collect::<Vec<_>>()
    };
    // Some archives are broken and store nothing.
    let mut after = province.change_tokens();
    while changed(&after).is_empty() {
        province.take(&Step::Import(1));
        after = province.change_tokens();
    }
    let changed = changed(&after);
    assert!(changed.len() < after.units().count(), "{changed:?}");
    assert_eq!(province.change_tokens(), after, "marks of one state are the same each time");
    province.take(&Step::Void(usize::MAX));
    let voided = province.change_tokens();
    for unit in &changed {
        assert_ne!(voided.token_of_unit(unit, None), after.token_of_unit(unit, None), "{unit}");
    }
}
