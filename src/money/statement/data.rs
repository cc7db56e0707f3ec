//! Tables of a statement that are about what was sent: quality, files, codes,
//! archives.

use std::collections::{BTreeMap, BTreeSet};

use super::sent::Given;
use super::{Maker, int, unit_column};
use crate::catalog::Severity;
use crate::report::{Bilingual, Cell, Column, Kind, Table};
use crate::score::late::{LateRows, Part};
use crate::score::quality::Figure;
use crate::submission::{Counts, Texts};

const COUNTS: [(&str, &str, &str); 4] = [
    ("received", "รับเข้า", "Received"),
    ("accepted", "ผ่าน", "Accepted"),
    ("duplicate", "ซ้ำ", "Duplicate"),
    ("rejected", "ไม่ผ่าน", "Rejected"),
];

impl Maker<'_> {
    pub(super) fn quality(&self) -> Table {
        let dimensions = &self.basis.book.quality.dimensions;
        let mut columns = vec![
            unit_column(),
            Column::new("tranche", "งวด", "Tranche", Kind::Text),
            Column::new("file", "แฟ้ม", "File", Kind::Text),
        ];
        for of in dimensions {
            let id = |part: &str| format!("{}_{part}", of.name);
            columns.push(Column::new(&id("rows"), &of.th, &of.en, Kind::Text));
            columns.push(Column::new(&id("percent"), "ร้อยละ", "Percent", Kind::Decimal(2)));
            columns.push(Column::new(&id("score"), "คะแนน", "Score", Kind::Decimal(2)));
        }
        let title = Bilingual::new("คุณภาพข้อมูล รายงวดและแฟ้ม", "Quality by tranche and file");
        let mut table = Table::new("quality", title, columns);
        for unit in &self.cup.units {
            for (tranche, quality) in self.counted.quality.get(&unit.hcode).into_iter().flatten() {
                let files: BTreeSet<&String> =
                    quality.dimensions.values().flat_map(BTreeMap::keys).collect();
                for file in files {
                    let mut row = vec![
                        Cell::text(&unit.hcode),
                        Cell::text(tranche.to_string()),
                        Cell::text(file),
                    ];
                    for dimension in dimensions {
                        let of = quality.dimensions.get(&dimension.name);
                        row.extend(figure(of.and_then(|files| files.get(file))));
                    }
                    table.push(row);
                }
            }
        }
        table.notes.push(Bilingual::new(
            "คะแนนรวมและคะแนนเต็มของแต่ละงวดอยู่ในตารางเงินตามคุณภาพผลงาน; จำนวนนับมาจากการส่งในตารางไฟล์ที่ส่ง",
            "The sums are in the table of performance money; the counts are of the archives listed below",
        ));
        self.mark(&mut table, &["quality.", "timeliness.", "sent_by"]);
        table
    }

    pub(super) fn files(&self) -> Table {
        let mut columns = vec![unit_column(), Column::new("file", "แฟ้ม", "File", Kind::Text)];
        columns.extend(COUNTS.map(|(id, th, en)| Column::new(id, th, en, Kind::Int)));
        columns.push(Column::new("on_time", "ทันเวลา", "On time", Kind::Int));
        let mut table = Table::new(
            "files",
            Bilingual::new("ข้อมูลที่ส่ง รายแฟ้ม", "What was sent, by file"),
            columns,
        );
        for (hcode, sent) in &self.sent {
            for (file, counts) in &sent.files {
                let mut row = vec![Cell::text(hcode), Cell::text(file)];
                row.extend(cells(counts));
                row.push(int(counts.on_time));
                table.push(row);
            }
        }
        table.notes.push(Bilingual::new(
            "นับจากไฟล์ที่รับไว้ทั้งไฟล์ของรอบนี้ (ไม่นับไฟล์ที่ไม่ผ่านโครงสร้างหรือถูกยกเลิก): รับเข้า = ผ่าน + ซ้ำ + ไม่ผ่าน",
            "Of whole archives of the round that stand: received = accepted + duplicate + rejected",
        ));
        table
    }

    pub(super) fn codes(&self) -> Table {
        let mut table = Table::new(
            "codes",
            Bilingual::new("ข้อผิดพลาดและคำเตือน รายรหัส", "Errors and warnings by code"),
            vec![
                Column::new("code", "รหัส", "Code", Kind::Text),
                Column::new("effect", "ผล", "Effect", Kind::Text),
                Column::new("meaning", "ความหมาย", "Meaning", Kind::Text),
                Column::new("times", "ครั้ง", "Times", Kind::Int),
                Column::new("units", "หน่วยบริการ: ครั้ง", "Unit: times", Kind::Text),
            ],
        );
        let mut codes: BTreeMap<_, Vec<(&String, u64)>> = BTreeMap::new();
        for (hcode, sent) in &self.sent {
            for (code, times) in &sent.codes {
                codes.entry(code).or_default().push((hcode, *times));
            }
        }
        for (given, units) in codes {
            let texts = Texts::of(self.basis.catalog, &given.code, given.standard);
            let list: Vec<String> =
                units.iter().map(|(hcode, times)| format!("{hcode}: {times}")).collect();
            table.push(vec![
                Cell::text(&given.code),
                Cell::Bilingual(self.effect(given)),
                Cell::Bilingual(Bilingual::new(texts.th, texts.en)),
                int(units.iter().map(|(_, times)| times).sum()),
                Cell::text(list.join("  ")),
            ]);
        }
        table.notes.push(Bilingual::new(
            "หนึ่งแถวอาจมีหลายรหัส; แต่ละแถวอยู่ในใบรับ (.findings.csv) และที่ /api/v1/submissions/เลขการส่ง/findings",
            "A row may have several codes; every row is in the receipt (.findings.csv) and at /api/v1/submissions/ID/findings",
        ));
        table
    }

    /// What a code meant for its rows.
    fn effect(&self, given: &Given) -> Bilingual {
        let catalog = |of| self.basis.catalog.findings.get(&given.code, of);
        let told = || given.standard.and_then(catalog).map(|text| text.severity);
        if given.code.ends_with(DUPLICATE) {
            return Bilingual::new("ซ้ำ", "duplicate");
        }
        match given.severity.or_else(told) {
            Some(Severity::Warning) => Bilingual::new("คำเตือน", "warning"),
            Some(Severity::Note) => Bilingual::new("หมายเหตุ", "note"),
            _ => Bilingual::new("ไม่ผ่าน", "rejected"),
        }
    }

    pub(super) fn archives(&self) -> Table {
        let mut columns = vec![
            Column::new("submission", "เลขการส่ง", "Submission", Kind::Int),
            Column::new("archive", "ไฟล์", "Archive", Kind::Text),
            Column::new("sent", "วันที่ส่ง", "Sent", Kind::Date),
            Column::new("status", "ผล", "Status", Kind::Text),
        ];
        columns.extend(COUNTS.map(|(id, th, en)| Column::new(id, th, en, Kind::Int)));
        let mut table = Table::new("archives", Bilingual::new("ไฟล์ที่ส่ง", "Archives sent"), columns);
        for sent in self.sent.values() {
            for archive in &sent.archives {
                let mut row = vec![
                    Cell::Int(archive.id),
                    Cell::text(&archive.name),
                    archive.sent.map_or(Cell::Empty, Cell::Date),
                    Cell::Bilingual(status(&archive.status)),
                ];
                row.extend(cells(&archive.counts));
                table.push(row);
            }
        }
        table.notes.push(Bilingual::new(
            "ดูทีละไฟล์: khlang submissions show เลขการส่ง หรือหน้า /submissions/เลขการส่ง",
            "One by one: khlang submissions show ID, or the page /submissions/ID",
        ));
        table
    }
}

impl Maker<'_> {
    /// Rows that came after the last day of sending: every unit with its number
    /// of them, none too.
    pub(super) fn late(&self) -> Table {
        let mut columns = vec![
            unit_column(),
            Column::new("late_for", "ช้าสำหรับ", "Late for", Kind::Text),
            Column::new("sent_by", "ส่งได้ถึงวันที่", "Last day of sending", Kind::Date),
        ];
        columns.extend(COUNTS.map(|(id, th, en)| Column::new(id, th, en, Kind::Int)));
        columns.push(Column::new("files", "แฟ้ม: รับเข้า", "File: received", Kind::Text));
        let title = Bilingual::new("แถวที่ส่งเกินกำหนด", "Rows that came too late");
        let mut table = Table::new("late", title, columns);
        for unit in &self.cup.units {
            let of_unit = self.late.iter().filter(|late| late.hcode == unit.hcode);
            let (round, parts): (Vec<&LateRows>, Vec<_>) =
                of_unit.partition(|late| late.part == Part::Round);
            let none = LateRows {
                hcode: unit.hcode.clone(),
                part: Part::Round,
                by: self.basis.book.sent_by,
                files: BTreeMap::new(),
            };
            let round = round.first().copied().unwrap_or(&none);
            for late in std::iter::once(round).chain(parts) {
                let mut counts = Counts::default();
                late.files.values().for_each(|of_file| counts.add(of_file));
                let files = late.files.iter().map(|(file, of)| format!("{file}: {}", of.received));
                let mut row = vec![
                    Cell::text(&late.hcode),
                    Cell::Bilingual(late_for(late.part)),
                    Cell::Date(late.by),
                ];
                row.extend(cells(&counts));
                row.push(Cell::text(files.collect::<Vec<_>>().join("  ")));
                table.push(row);
            }
        }
        table.notes.push(Bilingual::new(
            "แถวเหล่านี้รับไว้และนับในตารางข้างบนตามปกติ แต่ไม่ได้คะแนนและไม่นับเป็นคุณภาพของส่วนที่ช้า",
            "They are stored and counted above as ever, but score nothing and count in no quality of what they are late for",
        ));
        self.mark(&mut table, &["sent_by"]);
        table
    }
}

fn late_for(part: Part) -> Bilingual {
    match part {
        Part::Round => Bilingual::new("ทั้งรอบ", "the round"),
        Part::Tranche(number) => {
            Bilingual::new(format!("คุณภาพ งวด {number}"), format!("quality, tranche {number}"))
        }
        Part::Quarter(number) => {
            Bilingual::new(format!("คะแนน ไตรมาส {number}"), format!("points, quarter {number}"))
        }
    }
}

/// What the code of a duplicate ends with, whatever its file (contract §5).
const DUPLICATE: &str = "9299";

/// A figure of quality: rows of rows, percent, score.
fn figure(of: Option<&Figure>) -> [Cell; 3] {
    of.map_or([Cell::Empty, Cell::Empty, Cell::Empty], |of| {
        let rows = format!("{}/{}", of.numerator, of.denominator);
        [Cell::text(rows), Cell::Decimal(of.percent), Cell::Decimal(of.score)]
    })
}

fn cells(counts: &Counts) -> [Cell; 4] {
    [counts.received, counts.accepted, counts.duplicate, counts.rejected].map(int)
}

fn status(status: &str) -> Bilingual {
    let th = match status {
        "accepted" => "รับไว้",
        "partial" => "รับไว้บางแฟ้ม",
        "broken" => "ไม่รับ (โครงสร้างผิด)",
        "void" => "ยกเลิก",
        _ => status,
    };
    Bilingual::new(th, status)
}
