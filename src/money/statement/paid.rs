//! Tables of a statement about what was paid, and what is put right of it.

use super::{Maker, baht, baht_column, unit_column};
use crate::money::closing::Correction;
use crate::money::closing::close::name_of;
use crate::money::result::UnitLine;
use crate::report::{Bilingual, Cell, Column, Kind, Table};
use crate::store::{Closing, PartKind};

impl Maker<'_> {
    /// What was paid through this main unit, or for units that are now its own:
    /// a line for each unit and payment, those that were taken up again too.
    pub(super) fn paid(&self) -> Table {
        let mut table = Table::new(
            "paid",
            Bilingual::new("ไตรมาสและงวดที่จ่ายแล้ว", "Quarters and tranches that were paid"),
            vec![
                Column::new("closing", "เลขที่", "Number", Kind::Int),
                Column::new("part", "ส่วน", "Part", Kind::Text),
                unit_column(),
                Column::new("cup", "จ่ายผ่าน", "Paid through", Kind::Text),
                baht_column("amount", "เงิน", "Amount"),
                baht_column("held", "ชะลอจ่าย", "Held"),
                baht_column("corrections", "ปรับยอด", "Corrections"),
                baht_column("paid", "จ่าย", "Paid"),
                Column::new("by", "ผู้ปิด วันที่", "Closed by, on", Kind::Text),
                Column::new("as_of", "ถึงการส่งที่", "As of submission", Kind::Int),
                Column::new("reopened", "เปิดใหม่", "Taken up again", Kind::Text),
            ],
        );
        for closing in &self.counted.closings {
            self.payment(closing, &mut table);
        }
        for closing in &self.counted.closings {
            let (on, id) = (&closing.paid.on, closing.id);
            let registry = on.registry.as_ref().map_or("-", |registry| registry[0].as_str());
            table.notes.push(Bilingual::new(
                format!(
                    "เลขที่ {id}: กติกา {} ทะเบียน {registry} ตราประทับ {}",
                    on.rulebook, closing.digest
                ),
                format!(
                    "Number {id}: rulebook {}, registry {registry}, seal {}",
                    on.rulebook, closing.digest
                ),
            ));
        }
        table.notes.push(Bilingual::new(
            "ส่วนที่ปิดแล้วคงตามที่จ่าย ไม่คำนวณใหม่; ผลต่างอยู่ในตารางปรับยอด",
            "What was paid is not computed again; what would be different now is in the table of corrections",
        ));
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
            Bilingual::new("ปรับยอดของส่วนที่จ่ายแล้ว", "Corrections of what was paid"),
            vec![
                unit_column(),
                Column::new("of", "ของ", "Of", Kind::Text),
                Column::new("with", "ปรับในส่วน", "Put right with", Kind::Text),
                baht_column("amount", "เงิน", "Amount"),
                baht_column("held", "ชะลอจ่าย", "Held"),
            ],
        );
        for unit in &self.cup.units {
            put_right_of(unit, &mut table);
        }
        table.notes.push(Bilingual::new(
            "ติดลบคือจ่ายไปเกิน; ส่วนที่ปิดแล้วมีปรับยอดที่จ่ายไปพร้อมกัน; ถ้าปิดทุกส่วนแล้วถือเป็นยอดค้าง",
            "Below nothing is what was paid too much; with a closed part it was paid; with every part closed it is outstanding",
        ));
        table
    }
}

/// What is put right of a unit, with which part.
fn put_right_of(unit: &UnitLine, table: &mut Table) {
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
            Bilingual::new(format!("{} (จ่ายแล้ว)", name.th), format!("{} (paid)", name.en))
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
    push(Bilingual::new("ยอดค้าง", "outstanding"), &unit.money.outstanding);
}
