//! In which order the fields of a row come: by the header line, or by the
//! version that has as many columns.

use super::compiled_layout::CompiledLayout;
use super::date::{Reading, read_date, read_datetime};
use crate::catalog::Type;

/// Which column each field of a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// By field: the column (position in the layout), if any.
    pub columns: Vec<Option<usize>>,
    /// By column: the field, if it is sent.
    pub field_of: Vec<Option<usize>>,
    /// Columns that every version has, that must not be blank by a check of
    /// their own, and that are not sent: leaving a column out of the header
    /// does not switch its checks off.
    pub absent: Vec<usize>,
    /// By field: what every row asks of its column.
    pub(super) slots: Vec<Option<Slot>>,
}

/// What every row asks of a field's column, close together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    /// Position in the layout.
    pub at: u32,
    /// Position in the record.
    pub column: u32,
    /// Nothing is said of a blank value.
    pub blank_passes: bool,
}

impl Order {
    pub(super) fn new(columns: Vec<Option<usize>>, compiled: &CompiledLayout) -> Self {
        let mut field_of = vec![None; compiled.columns.len()];
        for (field, column) in columns.iter().enumerate() {
            if let Some(column) = column {
                field_of[*column] = Some(field);
            }
        }
        let fails_blank = |at: &usize| {
            let column = &compiled.columns[*at];
            field_of[*at].is_none() && column.since == 0 && !column.of_blank.is_empty()
        };
        let absent = (0..compiled.columns.len()).filter(fails_blank).collect();
        let slot = |at: usize| Slot {
            at: at as u32,
            column: compiled.columns[at].column as u32,
            blank_passes: compiled.columns[at].blank_passes,
        };
        let slots = columns.iter().map(|column| column.map(slot)).collect();
        Self { columns, field_of, absent, slots }
    }

    /// The orders of all versions, for rows without a header.
    pub fn of_versions(compiled: &CompiledLayout) -> Vec<Self> {
        let order =
            |version: &Vec<usize>| Self::new(version.iter().copied().map(Some).collect(), compiled);
        // Newest first: of two versions with as many columns the newer one is meant.
        compiled.versions.iter().rev().map(order).collect()
    }

    /// Of versions with as many columns (ADDRESS of 2014 and of 2.4.1) the one
    /// stays whose dates are dates in most of the first rows.
    pub fn settle_ties(orders: &mut Vec<Self>, rows: &[&str], compiled: &CompiledLayout) {
        let score = |order: &Self| -> usize {
            rows.iter().map(|row| order.readable_dates(row, compiled)).sum()
        };
        let mut kept: Vec<Self> = Vec::new();
        for order in orders.drain(..) {
            match kept.iter_mut().find(|other| other.columns.len() == order.columns.len()) {
                Some(other) if score(&order) > score(other) => *other = order,
                Some(_) => {}
                None => kept.push(order),
            }
        }
        *orders = kept;
    }

    fn readable_dates(&self, row: &str, compiled: &CompiledLayout) -> usize {
        let readable = |(text, column): (&str, &Option<usize>)| {
            let text = text.trim();
            column.is_some_and(|column| match compiled.columns[column].kind {
                Type::Date => read_date(text) != Reading::None,
                Type::DateTime => read_datetime(text) != Reading::None,
                _ => false,
            })
        };
        row.split('|').zip(&self.columns).filter(|&pair| readable(pair)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Standard;
    use crate::catalog::Catalog;

    #[test]
    fn an_address_of_nineteen_columns_is_told_by_where_its_date_lies() {
        let catalog = Catalog::builtin().unwrap();
        let (record, layout) = catalog.file(Standard::F43, "ADDRESS").unwrap();
        let compiled = CompiledLayout::new(&catalog, record, layout, 2557).unwrap();
        let old = "10670|7|1|||||||||||01|02|03|34||20140131093000";
        let new = "10670|7|1|||||||||||01|02|03|20140131093000||100670000";
        for (row, last) in [(old, "D_UPDATE"), (new, "HOSPCODE9")] {
            assert_eq!(row.split('|').count(), 19, "{row}");
            let mut orders = Order::of_versions(&compiled);
            Order::settle_ties(&mut orders, &[row], &compiled);
            let order = orders.iter().find(|order| order.columns.len() == 19).unwrap();
            assert_eq!(compiled.columns[order.columns[18].unwrap()].name, last);
        }
    }
}
