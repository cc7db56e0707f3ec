//! The statement of a main unit: what its units sent, what became of it, what
//! it earned, what is held, and what all of that rests on. A [`Document`], so
//! that it can be printed, opened as a workbook and read by programs; each table
//! says how to follow its figures down to the rows that were sent.

mod data;
mod money;
mod paid;
pub mod sent;

use std::collections::BTreeMap;

use self::sent::{Sent, sent};
use super::result::{Basis, Counted, CupMoney, MoneyError};
use super::{Points, Satang};
use crate::registry::Source;
use crate::report::{Bilingual, Cell, Column, Document, Kind, Part, Table};
use crate::score::late::{LateRows, late_rows};
use rust_decimal::Decimal;

/// All that a statement is made of.
pub(crate) struct Maker<'a> {
    basis: &'a Basis<'a>,
    counted: &'a Counted,
    cup: &'a CupMoney,
    sent: BTreeMap<String, Sent>,
    late: Vec<LateRows>,
}

/// The statement of a main unit; none when there is no such.
pub fn statement(
    basis: &Basis<'_>,
    counted: &Counted,
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
    Ok(Some(Maker { basis, counted, cup, sent: all, late }.document()))
}

impl Maker<'_> {
    fn document(&self) -> Document {
        let allocation = &self.counted.allocation;
        let (round, cup) = (allocation.round, self.cup);
        let heads = cup.heads;
        let of = |th: &str, en: &str| Bilingual::new(th, en);
        let title = of(
            &format!("ใบแจ้งผลการจัดสรรเงิน OP-PP individual data ปีงบประมาณ {round}"),
            &format!("Statement of the OP-PP individual data fund, fiscal year {round} B.E."),
        );
        let [amount, held, payable] =
            [cup.sums.amount, cup.sums.held, cup.sums.payable].map(Satang::grouped);
        let mut lines = vec![
            of(
                &format!("หน่วยบริการประจำ {} {}", cup.cup, cup.name),
                &format!("Main unit {} {}", cup.cup, cup.name),
            ),
            of(
                &format!("หน่วยบริการในเครือข่าย {} แห่ง ประชากร UC {heads} คน", cup.units.len()),
                &format!("{} units, {heads} UC heads", cup.units.len()),
            ),
            of(
                &format!("จัดสรร {amount} บาท ชะลอจ่าย {held} บาท จ่ายได้ {payable} บาท"),
                &format!("Allocated {amount} baht, held {held}, payable {payable}"),
            ),
        ];
        let [paid, due] = [cup.sums.paid, cup.sums.due].map(Satang::grouped);
        if !self.counted.closings.is_empty() {
            lines.push(of(
                &format!("จ่ายแล้ว {paid} บาท คงเหลือจ่าย {due} บาท"),
                &format!("Paid {paid} baht, due {due}"),
            ));
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
        let (th, en) = if last > as_of {
            (
                format!(" (สถานะย้อนหลัง ปัจจุบันถึงการส่งที่ {last})"),
                format!(" (a past state; by now there are {last})"),
            )
        } else {
            (String::new(), String::new())
        };
        Bilingual::new(
            format!("ข้อมูลถึงการส่งที่ {as_of}{th}"),
            format!("Data as of submission {as_of}{en}"),
        )
    }

    /// What the statement rests on.
    fn foundation(&self) -> Table {
        let of = &self.counted.allocation;
        let mut table = Table::new(
            "basis",
            Bilingual::new("สิ่งที่ใช้คำนวณ", "What this rests on"),
            vec![
                Column::new("what", "เรื่อง", "What", Kind::Text),
                Column::new("value", "ค่า", "Value", Kind::Text),
            ],
        );
        let mut push = |th: &str, en: &str, value: Cell| {
            table.push(vec![Cell::Bilingual(Bilingual::new(th, en)), value]);
        };
        push("กติกา", "Rulebook", Cell::text(&of.rulebook_file));
        push("SHA-256 ของกติกา", "SHA-256 of the rulebook", Cell::text(&of.rulebook));
        push("ข้อมูลถึงการส่งที่", "Data as of submission", Cell::text(of.as_of_submission.to_string()));
        if !of.as_of_exact {
            let list: Vec<String> = of.voided_since.iter().map(ToString::to_string).collect();
            push("การส่งที่ยกเลิกภายหลัง", "Taken back since", Cell::text(list.join(" ")));
        }
        match (&of.population.registry, of.population.source) {
            (Some(registry), Source::Registry) => {
                push("ทะเบียนประชากร", "Population registry", Cell::text(&registry.file));
                push("SHA-256 ของทะเบียน", "SHA-256 of the registry", Cell::text(&registry.sha256));
                push("นำเข้าเมื่อ", "Imported at", Cell::text(&registry.imported_at));
            }
            _ => push(
                "ทะเบียนประชากร",
                "Population registry",
                Cell::Bilingual(Bilingual::new(
                    "ยังไม่มี ใช้แถว PERSON ที่รับไว้แทน (ค่าที่กำหนดเอง)",
                    "None: accepted PERSON rows stand in (local default)",
                )),
            ),
        }
        push(
            "ประชากร UC ทั้งจังหวัด",
            "UC heads of the province",
            Cell::text(of.pools.heads.to_string()),
        );
        push(
            "ประชากร UC ของหน่วยนอกบัญชี (ไม่นับเงิน)",
            "UC heads of units that are not listed (no money)",
            Cell::text(of.heads_elsewhere.to_string()),
        );
        let (round, as_of) = (of.round, of.as_of_submission);
        let note = format!("khlang allocate --round {round} --as-of {as_of} --json");
        table.notes.push(Bilingual::new(
            format!("ทำซ้ำผลทั้งจังหวัดได้ด้วย {note}"),
            format!("The whole province again: {note}"),
        ));
        table
    }

    fn local_defaults(&self) -> Table {
        let mut table = Table::new(
            "local-defaults",
            Bilingual::new(
                "ค่าที่กำหนดเอง (ไม่มีแหล่งอ้างอิงสาธารณะ)",
                "Local defaults (no public source)",
            ),
            vec![
                Column::new("key", "ข้อ", "Key", Kind::Text),
                Column::new("text", "คำอธิบาย", "What was chosen", Kind::Text),
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
                table.notes.push(Bilingual::new(
                    format!("ค่าที่กำหนดเอง ({}): {}", local.key, local.text.th),
                    format!("Local default ({}): {}", local.key, local.text.en),
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

fn points(value: Points) -> Cell {
    Cell::Decimal(Decimal::new(value.0 as i64, 2))
}

/// A column of baht.
fn baht_column(id: &str, th: &str, en: &str) -> Column {
    Column::new(id, th, en, Kind::Decimal(2)).of_unit("บาท", "baht")
}

/// The column of units.
fn unit_column() -> Column {
    Column::new("hcode", "หน่วยบริการ", "Unit", Kind::Text)
}
