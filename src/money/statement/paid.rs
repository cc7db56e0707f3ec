//! Tables of a statement about payments and their corrections.

use super::{StatementBuilder, baht, baht_column, unit_column};
use crate::money::closing::Correction;
use crate::money::closing::close::name_of;
use crate::money::result::UnitMoneyLine;
use crate::report::{Bilingual, Cell, Column, Kind, Table};
use crate::store::{Closing, PartKind};
use crate::text::{message, message_with};

impl StatementBuilder<'_> {
    /// What was paid through this main unit, or for units that are now its own:
    /// a line for each unit and payment, those that were taken up again too.
    pub(super) fn paid(&self) -> Table {
        let mut table = Table::new(
            "paid",
            message("statement.quarters_and_tranches_that_were_paid"),
            vec![
                Column::titled("closing", message("statement.number"), Kind::Int),
                Column::titled("part", message("statement.part"), Kind::Text),
                unit_column(),
                Column::titled("cup", message("statement.paid_through"), Kind::Text),
                baht_column("amount", message("statement.amount_2")),
                baht_column("held", message("statement.held")),
                baht_column("corrections", message("statement.corrections")),
                baht_column("paid", message("statement.paid")),
                Column::titled("by", message("statement.closed_by_on"), Kind::Text),
                Column::titled("as_of", message("statement.as_of_submission"), Kind::Int),
                Column::titled("reopened", message("statement.taken_up_again"), Kind::Text),
            ],
        );
        for closing in &self.counted.closings {
            self.payment(closing, &mut table);
        }
        for closing in &self.counted.closings {
            let (on, id) = (&closing.paid.on, closing.id);
            let registry = on.registry.as_ref().map_or("-", |registry| registry[0].as_str());
            table.notes.push(message_with(
                "statement.rests_on",
                &[
                    ("id", &id),
                    ("rulebook", &on.rulebook),
                    ("registry", &registry),
                    ("seal", &closing.digest),
                ],
            ));
        }
        table.notes.push(message("statement.what_was_paid_is_not_computed"));
        self.mark(&mut table, &["money.closing"]);
        table
    }

    fn payment(&self, closing: &Closing, table: &mut Table) {
        let here = |hcode: &str| self.cup.units.iter().any(|unit| unit.hcode == hcode);
        let units = closing.paid.units.iter();
        for unit in units.filter(|unit| unit.cup == self.cup.cup || here(&unit.hcode)) {
            let lines = closing.paid.corrections.iter().filter(|line| line.hcode == unit.hcode);
            let (mut put_right, mut still_held) = (0, 0);
            for line in lines {
                put_right += line.amount;
                still_held += line.held;
            }
            let day = closing.at.get(..10).unwrap_or_default();
            let again = closing.reopened.as_ref().map(|deed| {
                format!("{} {} {}", deed.by, deed.at.get(..10).unwrap_or_default(), deed.reason)
            });
            let baht = |satang: i64| baht(crate::money::Satang(satang));
            table.push(vec![
                Cell::Int(closing.id),
                Cell::Bilingual(name_of(closing.paid.of.kind, &closing.paid.of.part)),
                Cell::text(&unit.hcode),
                Cell::text(&unit.cup),
                baht(unit.amount),
                baht(unit.held + still_held),
                baht(put_right),
                baht(unit.amount - unit.held + put_right - still_held),
                Cell::text(format!("{} {day}", closing.by)),
                Cell::Int(closing.paid.on.submission),
                again.map_or(Cell::Empty, Cell::text),
            ]);
        }
    }

    /// What is different now of what was paid, and with which part it is put
    /// right.
    pub(super) fn corrections(&self) -> Table {
        let mut table = Table::new(
            "corrections",
            message("statement.corrections_of_what_was_paid"),
            vec![
                unit_column(),
                Column::titled("of", message("statement.of"), Kind::Text),
                Column::titled("with", message("statement.put_right_with"), Kind::Text),
                baht_column("amount", message("statement.amount_2")),
                baht_column("held", message("statement.held")),
            ],
        );
        for unit in &self.cup.units {
            put_right_of(unit, &mut table);
        }
        table.notes.push(message("statement.below_nothing_is_what_was_paid"));
        table
    }
}

/// Corrections of a unit's payments, and the parts they are paid with.
fn put_right_of(unit: &UnitMoneyLine, table: &mut Table) {
    let mut push = |to: Bilingual, lines: &[Correction]| {
        for line in lines {
            table.push(vec![
                Cell::text(&unit.hcode),
                Cell::Bilingual(name_of(line.kind, &line.of)),
                Cell::Bilingual(to.clone()),
                baht(line.amount),
                baht(line.held),
            ]);
        }
    };
    let with = |kind, id: &str, closed| {
        let name = name_of(kind, id);
        if closed {
            message_with("statement.paid_already", &[("th", &name.th), ("en", &name.en)])
        } else {
            name
        }
    };
    for (id, money) in &unit.money.volume {
        let of = &money.settled;
        push(with(PartKind::Quarter, id, of.closed), &of.corrections);
    }
    for (id, money) in &unit.money.performance {
        let of = &money.settled;
        push(with(PartKind::Tranche, id, of.closed), &of.corrections);
    }
    push(message("statement.outstanding"), &unit.money.outstanding);
}
