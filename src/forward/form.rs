//! In which form rows were sent, as far as that decides whether they can stand
//! in one member.

use std::collections::BTreeMap;

use crate::row::{BOM, Order};

/// The columns of a row by their place: positions in the layout.
type Columns = Vec<Option<usize>>;

/// What parts must have in common to stand in one member. Spellings of a header
/// and ends of lines are not of it: they say nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MemberForm {
    columns: ColumnOrder,
    /// Whether what is beyond ASCII is UTF-8; none when nothing is.
    utf8: Option<bool>,
}

/// Which columns the values are.
#[derive(Debug, Clone, PartialEq, Eq)]
enum ColumnOrder {
    /// As a header says.
    Named(Columns),
    /// As the version has them that has as many columns as a row: by that
    /// number.
    Placed(BTreeMap<usize, Columns>),
}

impl MemberForm {
    /// The form of lines as received, a header first if there is one, for a
    /// member of `orders`.
    pub(super) fn new(orders: &[Order], has_header: bool) -> Self {
        let named = orders.first().filter(|_| has_header);
        let columns = match named {
            Some(order) => ColumnOrder::Named(order.columns.clone()),
            None => ColumnOrder::Placed(BTreeMap::new()),
        };
        Self { columns, utf8: None }
    }

    /// Looks at a line.
    pub(super) fn take(&mut self, orders: &[Order], line: &[u8]) {
        // A mark says that nothing but UTF-8 is meant.
        let marked = line.starts_with(BOM);
        let line = line.strip_prefix(BOM).unwrap_or(line);
        if marked {
            self.utf8.get_or_insert(true);
        }
        if !line.is_ascii() {
            let is = std::str::from_utf8(line).is_ok();
            self.utf8 = Some(self.utf8.unwrap_or(true) && is);
        }
        if let ColumnOrder::Placed(placed) = &mut self.columns {
            let values = memchr::memchr_iter(b'|', line).count() + 1;
            let order = |width| orders.iter().find(|order| order.columns.len() == width);
            // One trailing delimiter is right structure.
            if let Some(order) = order(values).or_else(|| order(values - 1)) {
                placed.entry(order.columns.len()).or_insert_with(|| order.columns.clone());
            }
        }
    }

    /// Whether rows of another form can stand behind rows of this one in one
    /// member, which has the header of the first, if there is one.
    pub(super) fn takes(&self, other: &Self) -> bool {
        let encoding = self.utf8.is_none() || other.utf8.is_none() || self.utf8 == other.utf8;
        let columns = match (&self.columns, &other.columns) {
            (ColumnOrder::Named(a), ColumnOrder::Named(b)) => a == b,
            (ColumnOrder::Placed(a), ColumnOrder::Placed(b)) => {
                a.iter().all(|(width, columns)| b.get(width).is_none_or(|other| other == columns))
            }
            (ColumnOrder::Named(named), ColumnOrder::Placed(placed)) => {
                placed.values().all(|columns| columns == named)
            }
            (ColumnOrder::Placed(_), ColumnOrder::Named(_)) => false,
        };
        encoding && columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Standard;
    use crate::catalog::Catalog;
    use crate::row::CompiledLayout;

    /// The form of a DIAG of F21 with these lines.
    fn form(lines: &[&[u8]]) -> MemberForm {
        let catalog = Catalog::builtin().unwrap();
        let (record, layout) = catalog.file(Standard::F21, "DIAG").unwrap();
        let compiled = CompiledLayout::new(&catalog, record, layout, 2557).unwrap();
        let first = String::from_utf8_lossy(lines[0]);
        let first = first.trim_start_matches('\u{feff}').trim();
        let header = first
            .to_uppercase()
            .contains("PID")
            .then(|| Order::of_header(first, &compiled, layout));
        let has_header = header.is_some();
        let orders =
            header.map_or_else(|| Order::of_versions(&compiled), |order| vec![order.unwrap()]);
        let mut form = MemberForm::new(&orders, has_header);
        for line in lines {
            form.take(&orders, line);
        }
        form
    }

    #[test]
    fn rows_join_by_what_their_columns_are_and_not_by_how_a_header_spells_them() {
        let usual = b"PCUCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE\r\n".as_slice();
        let row = b"04001|1|1|20140110|1|J00|20140110120000\r\n".as_slice();
        let plain = form(&[usual, row]);
        for (what, lines, joins) in [
            ("the same", vec![usual, row], true),
            ("small letters, another line end", vec![&usual.to_ascii_lowercase(), row], true),
            (
                "quotes, spaces, one trailing delimiter",
                vec![b"\"PCUCODE\" | PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE|\n", row],
                true,
            ),
            (
                "an alias",
                vec![b"HOSPCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE\n", row],
                true,
            ),
            ("a mark", vec![&[BOM, usual].concat(), row], true),
            ("no header", vec![row], true),
            (
                "no header, one column more: another version",
                vec![b"04001|1|1|20140110|1|J00|20140110120000|1234567890121\n"],
                false,
            ),
            (
                "another order",
                vec![b"PCUCODE|PID|SEQ|DATE_SERV|DIAGCODE|DIAGTYPE|D_UPDATE\r\n", row],
                false,
            ),
            (
                "a column more",
                vec![b"PCUCODE|PID|SEQ|DATE_SERV|DIAGTYPE|DIAGCODE|D_UPDATE|CID\n"],
                false,
            ),
        ] {
            let lines: Vec<&[u8]> = lines.iter().map(|line| &**line).collect();
            let other = form(&lines);
            assert_eq!(plain.takes(&other), joins, "{what}");
            // A header would be missed by the rows before it.
            let other_way = joins && !what.starts_with("no header");
            assert_eq!(other.takes(&plain), other_way, "{what}, the other way");
        }
        let thai = form(&[usual, "04001|1|1|20140110|1|ไข้|20140110120000".as_bytes()]);
        let windows = form(&[usual, b"04001|1|1|20140110|1|\xe4\xa2\xe9|20140110120000"]);
        assert!(plain.takes(&thai) && plain.takes(&windows) && !thai.takes(&windows));
    }
}
