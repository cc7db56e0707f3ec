//! The statement of a main unit: what its units sent, what was accepted, what it
//! earned, what is held, and the inputs of the calculation. It is a [`Document`], so
//! it can be printed, opened as a workbook and read by programs. Each table says how
//! to follow its figures down to the rows that were sent.

mod data;
mod money;
mod paid;
pub mod sent;

use std::collections::BTreeMap;

use self::sent::{SentOfUnit, sent};
use super::result::{Calculation, CalculationInput, CupMoney, MoneyError};
use super::{Hundredths, Satang};
use crate::registry::PopulationSource;
use crate::report::{Bilingual, Cell, Column, Document, Kind, Part, Table};
use crate::score::late::{LateRows, late_rows};
use crate::text::{message, message_with};
use rust_decimal::Decimal;

/// All that a statement is made of.
pub(crate) struct StatementBuilder<'a> {
    basis: &'a CalculationInput<'a>,
    counted: &'a Calculation,
    cup: &'a CupMoney,
    sent: BTreeMap<String, SentOfUnit>,
    late: Vec<LateRows>,
}

/// The statement of a main unit; `None` if there is no such unit.
///
/// # Errors
/// As [`super::result::count`].
pub fn statement(
    basis: &CalculationInput<'_>,
    counted: &Calculation,
    cup: &str,
) -> Result<Option<Document>, MoneyError> {
    let Some(cup) = counted.allocation.cups.iter().find(|of| of.cup == cup) else {
        return Ok(None);
    };
    let mut all = BTreeMap::new();
    for unit in &cup.units {
        let of = sent(basis.reader, basis.book, &unit.hcode, basis.as_of.submission)?;
        all.insert(unit.hcode.clone(), of);
    }
    let mut late = late_rows(basis.reader, basis.catalog, basis.book, basis.as_of.submission)?;
    late.retain(|late| all.contains_key(&late.hcode));
    Ok(Some(StatementBuilder { basis, counted, cup, sent: all, late }.document()))
}

impl StatementBuilder<'_> {
    fn document(&self) -> Document {
        let allocation = &self.counted.allocation;
        let (round, cup) = (allocation.round, self.cup);
        let heads = cup.heads;
        let of = |th: &str, en: &str| Bilingual::new(th, en);
        let title =
            message_with("statement.statement_of_the_op_pp_individual", &[("round", &round)]);
        let [amount, held, payable] =
            [cup.sums.amount, cup.sums.held, cup.sums.payable].map(Satang::grouped);
        let mut lines = vec![
            message_with("statement.main_unit", &[("cup", &cup.cup), ("name", &cup.name)]),
            message_with(
                "statement.units_and_heads",
                &[("units", &cup.units.len()), ("heads", &heads)],
            ),
            message_with(
                "statement.allocated_baht_held_payable",
                &[("amount", &amount), ("held", &held), ("payable", &payable)],
            ),
        ];
        let [paid, due] = [cup.sums.paid, cup.sums.due].map(Satang::grouped);
        if !self.counted.closings.is_empty() {
            lines.push(message_with("statement.paid_baht_due", &[("paid", &paid), ("due", &due)]));
        }
        lines.push(self.state_line());
        let mut tables = vec![self.summary()];
        if !self.counted.closings.is_empty() {
            tables.extend([self.paid(), self.corrections()]);
        }
        tables.extend([
            self.volume(),
            self.items(),
            self.performance(),
            self.quality(),
            self.holds(),
            self.files(),
            self.codes(),
            self.archives(),
            self.late(),
            self.pools(),
            self.foundation(),
            self.local_defaults(),
        ]);
        let notes = allocation.notes.iter().map(|note| of(&note.text.th, &note.text.en)).collect();
        Document {
            name: format!("statement-{round}-{}", cup.cup),
            title,
            lines,
            parts: tables.into_iter().map(Part::Table).collect(),
            hints: Vec::new(),
            notes,
        }
    }

    fn state_line(&self) -> Bilingual {
        let allocation = &self.counted.allocation;
        let (as_of, last) = (allocation.as_of_submission, allocation.last_submission);
        let Bilingual { th, en } = if last > as_of {
            message_with("statement.past_state", &[("last", &last)])
        } else {
            Bilingual::default()
        };
        message_with(
            "statement.data_as_of_submission",
            &[("as_of", &as_of), ("th", &th), ("en", &en)],
        )
    }

    /// What the statement rests on.
    fn foundation(&self) -> Table {
        let of = &self.counted.allocation;
        let mut table = Table::new(
            "basis",
            message("statement.what_this_rests_on"),
            vec![
                Column::titled("what", message("statement.what"), Kind::Text),
                Column::titled("value", message("statement.value"), Kind::Text),
            ],
        );
        let mut push = |name: Bilingual, value: Cell| {
            table.push(vec![Cell::Bilingual(name), value]);
        };
        push(message("statement.rulebook"), Cell::text(&of.rulebook_file));
        push(message("statement.sha_256_of_the_rulebook"), Cell::text(&of.rulebook));
        push(
            message("statement.data_as_of_submission_2"),
            Cell::text(of.as_of_submission.to_string()),
        );
        if !of.as_of_exact {
            let list: Vec<String> = of.voided_since.iter().map(ToString::to_string).collect();
            push(message("statement.taken_back_since"), Cell::text(list.join(" ")));
        }
        match (&of.population.registry, of.population.source) {
            (Some(registry), PopulationSource::Registry) => {
                push(message("statement.population_registry"), Cell::text(&registry.file));
                push(message("statement.sha_256_of_the_registry"), Cell::text(&registry.sha256));
                push(message("statement.imported_at"), Cell::text(&registry.imported_at));
            }
            _ => push(
                message("statement.population_registry"),
                Cell::Bilingual(message("statement.none_accepted_person_rows_stand_in")),
            ),
        }
        push(message("statement.uc_heads_of_the_province"), Cell::text(of.pools.heads.to_string()));
        push(
            message("statement.uc_heads_of_units_that_are"),
            Cell::text(of.heads_elsewhere.to_string()),
        );
        let (round, as_of) = (of.round, of.as_of_submission);
        let note = format!("khlang allocate --round {round} --as-of {as_of} --json");
        table.notes.push(message_with("statement.the_whole_province_again", &[("note", &note)]));
        table
    }

    fn local_defaults(&self) -> Table {
        let mut table = Table::new(
            "local-defaults",
            message("statement.local_defaults_no_public_source"),
            vec![
                Column::titled("key", message("statement.key"), Kind::Text),
                Column::titled("text", message("statement.what_was_chosen"), Kind::Text),
            ],
        );
        for local in &self.basis.book.local_defaults {
            let text = Cell::Bilingual(Bilingual::new(&local.text.th, &local.text.en));
            table.push(vec![Cell::text(&local.key), text]);
        }
        table
    }

    /// Marks a table with the local defaults that its figures rest on: those
    /// whose key begins with one of these.
    fn mark(&self, table: &mut Table, keys: &[&str]) {
        for local in &self.basis.book.local_defaults {
            if keys.iter().any(|key| local.key.starts_with(key)) {
                table.notes.push(message_with(
                    "statement.local_default",
                    &[("key", &local.key), ("th", &local.text.th), ("en", &local.text.en)],
                ));
            }
        }
    }
}

fn int(value: u64) -> Cell {
    Cell::Int(value as i64)
}

fn baht(value: Satang) -> Cell {
    Cell::Decimal(Decimal::new(value.0, 2))
}

fn points(value: Hundredths) -> Cell {
    Cell::Decimal(Decimal::new(value.0 as i64, 2))
}

/// A column of baht.
fn baht_column(id: &str, heading: Bilingual) -> Column {
    Column::titled(id, heading, Kind::Decimal(2)).of_unit(message("statement.baht"))
}

/// The column of units.
fn unit_column() -> Column {
    Column::titled("hcode", message("statement.unit"), Kind::Text)
}
