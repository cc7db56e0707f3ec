//! Small counts: which figures of a document are hidden so that nobody is
//! recognised in it, nor reckoned from the rest.
//!
//! A count of persons from 1 up to below a limit is *small*: who knows the
//! place knows the person. Hiding the small ones alone is not enough, because
//! sums (by main unit, district, province) give them back; so more is hidden,
//! smallest first, until what is shown decides none of them. Whether it does
//! is a question of linear algebra: every group that is shown says the sum of
//! its hidden cells, and a cell can be reckoned exactly when it is a
//! combination of those sums. Exact counts are looked at, before any rounding.
//!
//! Pure: no knowledge of indicators, units or viewers.

mod known_sums;

use known_sums::KnownSums;

/// A cell: what one unit has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitCount {
    /// Counted.
    pub numerator: u64,
    /// Of so many.
    pub denominator: u64,
    /// The one who looks knows it anyway, and may.
    pub known: bool,
    /// The groups that it is summed up in, by their number.
    pub groups: Vec<usize>,
}

/// What is hidden.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hidden {
    /// Cells, in their order.
    pub cells: Vec<bool>,
    /// Groups, by their number.
    pub groups: Vec<bool>,
}

/// Whether a figure tells of so few persons that it is hidden: those that it
/// counts, those that it does not, or all of them.
pub fn is_small(numerator: u64, denominator: u64, limit: u64) -> bool {
    let small = |count: u64| (1..limit).contains(&count);
    small(denominator) || small(numerator) || small(denominator.saturating_sub(numerator))
}

/// Decides what is hidden of `cells` and of the sums of their `groups`.
pub fn hide(cells: &[UnitCount], groups: usize, limit: u64) -> Hidden {
    let mut table = CountTable::new(cells, groups, limit);
    while let Some(at_risk) = table.at_risk() {
        if !table.protect(&at_risk) {
            break;
        }
    }
    table.hidden
}

struct CountTable<'a> {
    cells: &'a [UnitCount],
    /// Cells of each group.
    members: Vec<Vec<usize>>,
    limit: u64,
    hidden: Hidden,
    /// Small cells.
    small_cells: Vec<usize>,
    /// Small groups: nor must the sum of what of them is hidden be told.
    small_groups: Vec<usize>,
}

impl<'a> CountTable<'a> {
    fn new(cells: &'a [UnitCount], groups: usize, limit: u64) -> Self {
        let mut members = vec![Vec::new(); groups];
        for (at, cell) in cells.iter().enumerate() {
            for group in &cell.groups {
                members[*group].push(at);
            }
        }
        let small = |cell: &UnitCount| is_small(cell.numerator, cell.denominator, limit);
        let hide_cells: Vec<bool> = cells.iter().map(|cell| !cell.known && small(cell)).collect();
        let mut table = Self {
            small_cells: (0..cells.len()).filter(|at| hide_cells[*at]).collect(),
            small_groups: Vec::new(),
            hidden: Hidden { cells: hide_cells, groups: vec![false; groups] },
            members,
            cells,
            limit,
        };
        let small = |group: &usize| table.sum_is_small(&table.members[*group]);
        table.small_groups = (0..groups).filter(small).collect();
        table
    }

    /// Hides small groups, but not from who sees all that is in them anyway.
    fn hide_small_groups(&mut self) {
        for at in 0..self.small_groups.len() {
            let group = self.small_groups[at];
            self.hidden.groups[group] |= !self.hidden_of(group).is_empty();
        }
    }

    fn hidden_of(&self, group: usize) -> Vec<usize> {
        self.members[group].iter().copied().filter(|at| self.hidden.cells[*at]).collect()
    }

    fn sum_is_small(&self, of: &[usize]) -> bool {
        let sum =
            |part: fn(&UnitCount) -> u64| of.iter().map(|at| part(&self.cells[*at])).sum::<u64>();
        is_small(sum(|cell| cell.numerator), sum(|cell| cell.denominator), self.limit)
    }

    /// Groups that are shown, with what of them is hidden.
    fn shown(&self) -> impl Iterator<Item = (usize, Vec<usize>)> {
        (0..self.members.len())
            .filter(|group| !self.hidden.groups[*group])
            .map(|group| (group, self.hidden_of(group)))
            .filter(|(_, hidden)| !hidden.is_empty())
    }

    /// Hidden cells whose sum what is shown tells although it must not.
    fn at_risk(&mut self) -> Option<Vec<usize>> {
        self.hide_small_groups();
        let mut told = KnownSums::new(self.cells.len());
        for (_, hidden) in self.shown() {
            // What is left of a group is a figure like any other: of few
            // persons it must not be told either.
            if self.sum_is_small(&hidden) {
                return Some(hidden);
            }
            told.add(&hidden);
        }
        let alone = self.small_cells.iter().map(|at| vec![*at]);
        let together = self.small_groups.iter().map(|group| self.hidden_of(*group));
        let together = together.filter(|hidden| !hidden.is_empty());
        alone.chain(together).find(|secret| told.holds(secret))
    }

    /// Hides one thing more that what is told of these cells rests on: the
    /// smallest other cell beside them, or else a group. False when nothing is
    /// told of hidden cells any more.
    fn protect(&mut self, secret: &[usize]) -> bool {
        let beside: Vec<(usize, Vec<usize>)> = self
            .shown()
            .filter(|(_, hidden)| hidden.iter().any(|at| secret.contains(at)))
            .collect();
        let open = beside
            .iter()
            .flat_map(|(group, _)| &self.members[*group])
            .filter(|at| !self.hidden.cells[**at] && !self.cells[**at].known)
            // An empty cell that is hidden hides nothing.
            .filter(|at| self.cells[**at].denominator > 0);
        let next = open.min_by_key(|at| (self.cells[**at].denominator, **at)).copied();
        if let Some(next) = next {
            self.hidden.cells[next] = true;
            return true;
        }
        // Of groups the smallest: a province's sum is wanted most.
        let sum = |group: usize| self.members[group].iter().map(|at| self.cells[*at].denominator);
        let group = beside.iter().map(|(group, _)| *group).min_by_key(|g| sum(*g).sum::<u64>());
        let Some(group) = group.or_else(|| self.shown().map(|(group, _)| group).next()) else {
            return false;
        };
        self.hidden.groups[group] = true;
        true
    }
}

#[cfg(test)]
mod tests;
