//! Tables of a statement about submitted data: quality, files, codes, archives.

use std::collections::{BTreeMap, BTreeSet};

use super::sent::FoundCode;
use super::{StatementBuilder, int, unit_column};
use crate::catalog::Severity;
use crate::report::{Bilingual, Cell, Column, Kind, Table};
use crate::score::late::{LatePart, LateRows};
use crate::score::quality::QualityFigure;
use crate::submission::{Counts, Texts};
use crate::text::{message, message_with};

/// Columns of counts: name, and key of the heading.
const COUNTS: [(&str, &str); 4] = [
    ("received", "statement.count_received"),
    ("accepted", "statement.count_accepted"),
    ("duplicate", "statement.count_duplicate"),
    ("rejected", "statement.count_rejected"),
];

impl StatementBuilder<'_> {
    pub(super) fn quality(&self) -> Table {
        let dimensions = &self.basis.book.quality.dimensions;
        let mut columns = vec![
            unit_column(),
            Column::titled("tranche", message("statement.tranche"), Kind::Text),
            Column::titled("file", message("statement.file"), Kind::Text),
        ];
        for of in dimensions {
            let id = |part: &str| format!("{}_{part}", of.name);
            columns.push(Column::new(&id("rows"), &of.th, &of.en, Kind::Text));
            columns.push(Column::titled(
                &id("percent"),
                message("statement.percent"),
                Kind::Decimal(2),
            ));
            columns.push(Column::titled(
                &id("score"),
                message("statement.score"),
                Kind::Decimal(2),
            ));
        }
        let title = message("statement.quality_by_tranche_and_file");
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
        table.notes.push(message("statement.the_sums_are_in_the_table"));
        self.mark(&mut table, &["quality.", "timeliness.", "sent_by"]);
        table
    }

    pub(super) fn files(&self) -> Table {
        let mut columns =
            vec![unit_column(), Column::titled("file", message("statement.file"), Kind::Text)];
        columns.extend(COUNTS.map(|(id, key)| Column::titled(id, message(key), Kind::Int)));
        columns.push(Column::titled("on_time", message("statement.on_time"), Kind::Int));
        let mut table = Table::new("files", message("statement.what_was_sent_by_file"), columns);
        for (hcode, sent) in &self.sent {
            for (file, counts) in &sent.files {
                let mut row = vec![Cell::text(hcode), Cell::text(file)];
                row.extend(cells(counts));
                row.push(int(counts.on_time));
                table.push(row);
            }
        }
        table.notes.push(message("statement.of_whole_archives_of_the_round"));
        table
    }

    pub(super) fn codes(&self) -> Table {
        let mut table = Table::new(
            "codes",
            message("statement.errors_and_warnings_by_code"),
            vec![
                Column::titled("code", message("statement.code"), Kind::Text),
                Column::titled("effect", message("statement.effect"), Kind::Text),
                Column::titled("meaning", message("statement.meaning"), Kind::Text),
                Column::titled("times", message("statement.times"), Kind::Int),
                Column::titled("units", message("statement.unit_times"), Kind::Text),
            ],
        );
        let mut codes: BTreeMap<_, Vec<(&String, u64)>> = BTreeMap::new();
        for (hcode, sent) in &self.sent {
            for (code, times) in &sent.codes {
                codes.entry(code).or_default().push((hcode, *times));
            }
        }
        for (given, units) in codes {
            let texts = Texts::find(self.basis.catalog, &given.code, given.standard);
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
        table.notes.push(message("statement.a_row_may_have_several_codes"));
        table
    }

    /// What a code meant for its rows.
    fn effect(&self, given: &FoundCode) -> Bilingual {
        let catalog = |of| self.basis.catalog.findings.get(&given.code, of);
        let told = || given.standard.and_then(catalog).map(|text| text.severity);
        if given.code.ends_with(DUPLICATE) {
            return message("statement.duplicate");
        }
        match given.severity.or_else(told) {
            Some(Severity::Warning) => message("statement.warning"),
            Some(Severity::Note) => message("statement.note"),
            _ => message("statement.rejected"),
        }
    }

    pub(super) fn archives(&self) -> Table {
        let mut columns = vec![
            Column::titled("submission", message("statement.submission"), Kind::Int),
            Column::titled("archive", message("statement.archive"), Kind::Text),
            Column::titled("sent", message("statement.sent"), Kind::Date),
            Column::titled("status", message("statement.status"), Kind::Text),
        ];
        columns.extend(COUNTS.map(|(id, key)| Column::titled(id, message(key), Kind::Int)));
        let mut table = Table::new("archives", message("statement.archives_sent"), columns);
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
        table.notes.push(message("statement.one_by_one_khlang_submissions_show"));
        table
    }
}

impl StatementBuilder<'_> {
    /// Rows that came after the last day of sending: every unit with its number
    /// of them, none too.
    pub(super) fn late(&self) -> Table {
        let mut columns = vec![
            unit_column(),
            Column::titled("late_for", message("statement.late_for"), Kind::Text),
            Column::titled("sent_by", message("statement.last_day_of_sending"), Kind::Date),
        ];
        columns.extend(COUNTS.map(|(id, key)| Column::titled(id, message(key), Kind::Int)));
        columns.push(Column::titled("files", message("statement.file_received"), Kind::Text));
        let title = message("statement.rows_that_came_too_late");
        let mut table = Table::new("late", title, columns);
        for unit in &self.cup.units {
            let of_unit = self.late.iter().filter(|late| late.hcode == unit.hcode);
            let (round, parts): (Vec<&LateRows>, Vec<_>) =
                of_unit.partition(|late| late.part == LatePart::Round);
            let none = LateRows {
                hcode: unit.hcode.clone(),
                part: LatePart::Round,
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
        table.notes.push(message("statement.they_are_stored_and_counted_above"));
        self.mark(&mut table, &["sent_by"]);
        table
    }
}

fn late_for(part: LatePart) -> Bilingual {
    match part {
        LatePart::Round => message("statement.the_round"),
        LatePart::Tranche(number) => {
            message_with("statement.quality_tranche", &[("number", &number)])
        }
        LatePart::Quarter(number) => {
            message_with("statement.points_quarter", &[("number", &number)])
        }
    }
}

/// What the code of a duplicate ends with, whatever its file (docs/rules.md#rows).
const DUPLICATE: &str = "9299";

/// A figure of quality: rows of rows, percent, score.
fn figure(of: Option<&QualityFigure>) -> [Cell; 3] {
    of.map_or([Cell::Empty, Cell::Empty, Cell::Empty], |of| {
        let rows = format!("{}/{}", of.numerator, of.denominator);
        [Cell::text(rows), Cell::Decimal(of.percent), Cell::Decimal(of.score)]
    })
}

fn cells(counts: &Counts) -> [Cell; 4] {
    [counts.received, counts.accepted, counts.duplicate, counts.rejected].map(int)
}

fn status(status: &str) -> Bilingual {
    match status {
        "accepted" => message("statement.status_accepted"),
        "partial" => message("statement.status_partial"),
        "broken" => message("statement.status_broken"),
        "void" => message("statement.status_void"),
        _ => Bilingual::same(status),
    }
}
