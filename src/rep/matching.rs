//! Whose row a line is about: by the archive that was sent on and the line in
//! it, else by the key of the row. What cannot be told for certain is nobody's.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::Result;
use super::keys::{NO_KEY, day_beside, key_parts, same_text, told_key};
use super::read::ToldRow;
use crate::archive::Standard;
use crate::environment::Environment;
use crate::forward::files_with_header;
use crate::store::{
    ForwardCandidate, FreedKey, NewRepRow, Reader, RowFinder, RowPlace, RowsByKey, SentPart,
    SqlValue,
};
use crate::submission::Submission;

/// Why a line is nobody's.
const NO_FILE: &str = "no_file";
const NOT_SENT: &str = "not_sent";
const NOT_STORED: &str = "not_stored";
const SEVERAL: &str = "several";
const FREED: &str = "freed";

/// Words that say why a line is nobody's.
pub const REASONS: [&str; 6] = [NO_FILE, NOT_SENT, NO_KEY, NOT_STORED, SEVERAL, FREED];

/// Finds the rows that lines are about, in one state of the store.
pub struct Matcher<'a> {
    environment: &'a Environment,
    data: &'a Path,
    reader: &'a Reader,
    finder: RowFinder<'a>,
    destination: &'a str,
    names: HashMap<String, Option<String>>,
    parts: HashMap<(String, usize), Vec<SentPart>>,
    headers: HashMap<i64, Option<BTreeSet<String>>>,
    lengths: HashMap<(usize, usize, String), Vec<usize>>,
    rejected: HashMap<(String, String), RowsByKey>,
    freed: HashMap<usize, Vec<FreedKey>>,
    senders: HashMap<i64, (Option<Standard>, String)>,
}

/// Columns with the values that each may have.
type SoughtKey = Vec<(usize, Vec<SqlValue>)>;

impl<'a> Matcher<'a> {
    /// A matcher of the answers of a destination.
    pub fn new(
        environment: &'a Environment,
        data: &'a Path,
        reader: &'a Reader,
        destination: &'a str,
    ) -> Self {
        let finder = RowFinder::new(reader, &environment.catalog);
        Self {
            environment,
            data,
            reader,
            finder,
            destination,
            names: HashMap::new(),
            parts: HashMap::new(),
            headers: HashMap::new(),
            lengths: HashMap::new(),
            rejected: HashMap::new(),
            freed: HashMap::new(),
            senders: HashMap::new(),
        }
    }

    /// The rows that lines are about, in the order of the lines.
    ///
    /// # Errors
    /// Errors of the database.
    pub fn rows(&mut self, told: &[ToldRow]) -> Result<Vec<NewRepRow>> {
        let records: Vec<Option<usize>> =
            told.iter().map(|row| self.record_of(&row.file)).collect();
        let mut by_line: Vec<Option<(i64, u32)>> = Vec::with_capacity(told.len());
        for (row, record) in told.iter().zip(&records) {
            by_line.push(match record {
                Some(record) => self.by_line(row, *record)?,
                None => None,
            });
        }
        let places = self.places(&records, &by_line)?;
        let mut found = Vec::with_capacity(told.len());
        for ((row, record), of) in told.iter().zip(&records).zip(&by_line) {
            found.push(self.row(row, *record, *of, &places)?);
        }
        Ok(found)
    }

    /// What is stored of the lines that were found.
    fn places(
        &self,
        records: &[Option<usize>],
        found: &[Option<(i64, u32)>],
    ) -> Result<HashMap<(usize, i64, u32), RowPlace>> {
        let mut wanted: BTreeMap<usize, BTreeMap<i64, BTreeSet<u32>>> = BTreeMap::new();
        for (record, of) in records.iter().zip(found) {
            if let (Some(record), Some((submission, line))) = (record, of) {
                let of_record = wanted.entry(*record).or_default();
                of_record.entry(*submission).or_default().insert(*line);
            }
        }
        let mut places = HashMap::new();
        for (record, lines) in &wanted {
            for place in self.finder.by_lines(*record, lines)? {
                places.insert((*record, place.submission, place.line), place);
            }
        }
        Ok(places)
    }

    fn row(
        &mut self,
        told: &ToldRow,
        record: Option<usize>,
        line: Option<(i64, u32)>,
        places: &HashMap<(usize, i64, u32), RowPlace>,
    ) -> Result<NewRepRow> {
        let mut row = NewRepRow {
            at: told.at,
            hcode: told.hcode.clone(),
            archive: told.archive.clone(),
            told_line: told.line,
            file: told.file.clone(),
            key: told_key(told),
            day: told.day,
            code: told.code.clone(),
            passed: told.passed,
            points: told.points,
            ..NewRepRow::default()
        };
        let Some(record) = record else {
            row.why = NO_FILE;
            return Ok(row);
        };
        row.record.clone_from(&self.environment.catalog.records[record].name);
        if let Some((submission, number)) = line {
            let place = places.get(&(record, submission, number));
            // A line whose key is another one was counted in another way.
            if place.is_none_or(|place| self.agrees(told, record, place)) {
                self.belongs(&mut row, record, (submission, number), "line", place)?;
                return Ok(row);
            }
        }
        match self.by_key(told, record)? {
            Ok((place, known)) => {
                let of = (place.submission, place.line);
                self.belongs(&mut row, record, of, "key", Some(&place).filter(|_| known))?;
            }
            Err(why) => {
                let told_line = told.line.is_some() && !told.archive.is_empty();
                row.why = if why == NO_KEY && told_line { NOT_SENT } else { why };
            }
        }
        Ok(row)
    }

    /// Puts down whose row it is.
    fn belongs(
        &mut self,
        row: &mut NewRepRow,
        record: usize,
        of: (i64, u32),
        how: &'static str,
        place: Option<&RowPlace>,
    ) -> Result<()> {
        row.of = Some(of);
        row.how = how;
        if let Some(place) = place {
            row.key = place.key.join("|");
            row.day = place.day.or(row.day);
        }
        let (standard, sender) = self.sender(of.0)?;
        if !sender.is_empty() {
            row.hcode = sender;
        }
        let layout = standard.and_then(|of| self.environment.catalog.records[record].layout(of));
        if let Some(layout) = layout {
            row.file.clone_from(&layout.file);
        }
        Ok(())
    }

    fn sender(&mut self, submission: i64) -> Result<(Option<Standard>, String)> {
        if let Some(known) = self.senders.get(&submission) {
            return Ok(known.clone());
        }
        let of = self.reader.archive_of(submission)?.and_then(|(standard, _)| standard);
        let standard = of.and_then(|standard| standard.parse().ok());
        let hcode = self.reader.sender(submission)?.flatten().unwrap_or_default();
        self.senders.insert(submission, (standard, hcode.clone()));
        Ok((standard, hcode))
    }

    /// The kind of record of a file, by its name in either standard.
    pub fn record_of(&self, file: &str) -> Option<usize> {
        let file = file.strip_suffix(".TXT").unwrap_or(file);
        let standards = [Standard::F43, Standard::F21];
        standards.iter().find_map(|of| Some(self.environment.record_of(*of, file)?.0))
    }

    fn files(&self, record: usize) -> Vec<&'a str> {
        let layouts = self.environment.catalog.records[record].layouts();
        layouts.map(|layout| layout.file.as_str()).collect()
    }

    /// The parts of the member that a line names.
    fn sent(&mut self, told: &ToldRow, record: usize) -> Result<&[SentPart]> {
        if !self.names.contains_key(&told.archive) {
            let name = self.reader.sent_name(self.destination, &told.archive)?;
            self.names.insert(told.archive.clone(), name);
        }
        let Some(name) = self.names[&told.archive].clone() else { return Ok(&[]) };
        let key = (name, record);
        if !self.parts.contains_key(&key) {
            let files = self.files(record);
            let parts = self.reader.sent_parts(self.destination, &key.0, &files)?;
            self.parts.insert(key.clone(), parts);
        }
        Ok(&self.parts[&key])
    }

    /// The row at a line of an archive that was sent on. A member begins with
    /// the header of its first part, when that has one; rows follow in their
    /// order, so that the number of a row is all that is needed.
    fn by_line(&mut self, told: &ToldRow, record: usize) -> Result<Option<(i64, u32)>> {
        let Some(line) = told.line.filter(|_| !told.archive.is_empty()) else { return Ok(None) };
        let parts = self.sent(told, record)?.to_vec();
        let Some(first) = parts.first() else { return Ok(None) };
        let Some(header) = self.has_header(first.submission, record)? else { return Ok(None) };
        let number = u64::from(line).saturating_sub(u64::from(header));
        let part = parts.iter().find(|part| (part.first..part.first + part.rows).contains(&number));
        Ok(part.and_then(|part| {
            let line = line_of(&part.lines, number - part.first)?;
            Some((part.submission, line))
        }))
    }

    /// Whether the member of a submission has a header; nothing when its
    /// original cannot be read, and then lines cannot be counted.
    fn has_header(&mut self, submission: i64, record: usize) -> Result<Option<bool>> {
        if !self.headers.contains_key(&submission) {
            let of = self.reader.submission_summary(submission, &self.environment.catalog)?;
            let of = of.as_ref().and_then(candidate);
            let headers = of.and_then(|of| {
                let read = files_with_header(self.environment, self.data, &of);
                read.inspect_err(|what| log::warn!("#{submission}: {what}")).ok()
            });
            self.headers.insert(submission, headers);
        }
        let files = self.files(record);
        let known = self.headers[&submission].as_ref();
        Ok(known.map(|with| files.iter().any(|file| with.contains(*file))))
    }

    /// Whether what is told of a key is not against that of a row.
    fn agrees(&self, told: &ToldRow, record: usize, place: &RowPlace) -> bool {
        let of = &self.environment.catalog.records[record];
        if day_beside(told, of).is_some_and(|day| place.day.is_some_and(|own| own != day)) {
            return false;
        }
        let Ok(parts) = key_parts(told, of) else { return true };
        parts.iter().all(|(column, text)| {
            let at = of.key.iter().position(|key| key == column);
            let own = at.and_then(|at| place.key.get(at));
            own.is_none_or(|own| same_text(own, text))
        })
    }

    /// The row under a key, with whether it is stored: a row that was rejected
    /// here has a key, too. Else why there is none.
    fn by_key(
        &mut self,
        told: &ToldRow,
        record: usize,
    ) -> Result<std::result::Result<(RowPlace, bool), &'static str>> {
        let of = &self.environment.catalog.records[record];
        let parts = match key_parts(told, of) {
            Ok(parts) => parts,
            Err(why) => return Ok(Err(why)),
        };
        let unit = parts.iter().find(|(column, _)| *column == of.hospcode);
        let (Some((_, unit)), true) = (unit, parts.len() > 1) else { return Ok(Err(NO_KEY)) };
        let unit = stored(unit);
        let mut sought: SoughtKey = Vec::new();
        for (column, text) in &parts {
            sought.push((*column, self.values(record, (*column, text), &unit)?));
        }
        let day = day_beside(told, of);
        let mut found = self.finder.by_key(record, &sought, day)?;
        let mut within = BTreeSet::new();
        if !told.archive.is_empty() {
            within.extend(self.sent(told, record)?.iter().map(|part| part.submission));
        }
        let is_within = |place: &RowPlace| within.is_empty() || within.contains(&place.submission);
        found.retain(is_within);
        // The freed row may be meant, or the corrected one.
        if within.is_empty() && self.was_freed(record, &parts, day)? {
            return Ok(Err(FREED));
        }
        // Of a register the last round is meant.
        let last = found.iter().map(|place| place.round).max();
        found.retain(|place| Some(place.round) == last);
        Ok(match found.len() {
            0 => match self.rejected_here(told, record, &parts)?.filter(is_within) {
                Some(place) => Ok((place, false)),
                None => Err(NOT_STORED),
            },
            1 => Ok((found.remove(0), true)),
            _ => Err(SEVERAL),
        })
    }

    /// Whether a row that was freed has what is told of a key.
    fn was_freed(
        &mut self,
        record: usize,
        parts: &[(usize, String)],
        day: Option<i64>,
    ) -> Result<bool> {
        let of = &self.environment.catalog.records[record];
        if !self.freed.contains_key(&record) {
            let freed = self.reader.freed_keys(&of.name)?;
            self.freed.insert(record, freed);
        }
        let has = |freed: &FreedKey| {
            let own: Vec<&str> = freed.key.split('|').collect();
            let same = |(column, text): &(usize, String)| {
                let at = of.key.iter().position(|key| key == column);
                same_text(at.and_then(|at| own.get(at)).copied().unwrap_or(""), text)
            };
            parts.iter().all(same) && (day.is_none() || freed.day.is_none() || freed.day == day)
        };
        Ok(self.freed[&record].iter().any(has))
    }

    /// The values that a text may stand for: itself, and where a spreadsheet
    /// program took it for a number, with the noughts that the unit writes.
    fn values(
        &mut self,
        record: usize,
        (column, text): (usize, &str),
        unit: &SqlValue,
    ) -> Result<Vec<SqlValue>> {
        let mut values = vec![stored(text)];
        if let SqlValue::Int(_) = values[0] {
            let of = &self.environment.catalog.records[record];
            let name = format!("{unit:?}");
            let key = (record, column, name);
            if !self.lengths.contains_key(&key) && column != of.hospcode {
                let lengths = self.finder.padded_lengths(record, column, unit)?;
                self.lengths.insert(key.clone(), lengths);
            }
            let lengths = self.lengths.get(&key).into_iter().flatten();
            let longer = lengths.filter(|length| **length > text.len());
            values.extend(longer.map(|length| SqlValue::Text(format!("{text:0>length$}"))));
        }
        Ok(values)
    }

    /// The last row of this key that was rejected here.
    fn rejected_here(
        &mut self,
        told: &ToldRow,
        record: usize,
        parts: &[(usize, String)],
    ) -> Result<Option<RowPlace>> {
        let of = &self.environment.catalog.records[record];
        let unit = parts.iter().find(|(column, _)| *column == of.hospcode).map(|(_, text)| text);
        let Some(unit) = unit else { return Ok(None) };
        for layout in of.layouts() {
            let in_layout = |column: &&usize| layout.columns.iter().any(|c| c.column == **column);
            let key: Vec<Option<&String>> = of
                .key
                .iter()
                .filter(in_layout)
                .map(|column| parts.iter().find(|(own, _)| own == column).map(|(_, text)| text))
                .collect();
            let Some(key) = key.into_iter().collect::<Option<Vec<_>>>() else { continue };
            let key = key.into_iter().map(String::as_str).collect::<Vec<_>>().join("|");
            let place = (unit.clone(), layout.file.clone());
            if !self.rejected.contains_key(&place) {
                let found = self.reader.rejected_keys(&place.0, &place.1)?;
                self.rejected.insert(place.clone(), found);
            }
            let last = self.rejected[&place].get(key.trim_end_matches('|')).and_then(|l| l.last());
            if let Some((submission, line)) = last {
                return Ok(Some(RowPlace {
                    submission: *submission,
                    line: *line,
                    day: told.day,
                    key: vec![key],
                    round: 0,
                }));
            }
        }
        Ok(None)
    }
}

/// What forwarding knows a submission by.
fn candidate(of: &Submission) -> Option<ForwardCandidate> {
    Some(ForwardCandidate {
        id: of.id?,
        archive: of.archive.clone(),
        sha256: of.sha256.clone(),
        stored: of.stored.clone()?,
        standard: of.standard?.to_string(),
        hcode: of.hcode.clone()?,
        sent_at: of.sent_at.clone()?,
        received_at: of.received_at.clone(),
        partly: false,
        files: BTreeMap::new(),
    })
}

/// A value as the store keeps texts: a number without noughts before it as a
/// number.
fn stored(text: &str) -> SqlValue {
    match text.parse::<i64>() {
        Ok(number) if number.to_string() == text => SqlValue::Int(number),
        _ => SqlValue::Text(text.to_owned()),
    }
}

/// The line that is the n-th (from 0) of runs such as `2-57,60`.
fn line_of(runs: &str, n: u64) -> Option<u32> {
    let mut left = n;
    for run in runs.split(',') {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        let count = u64::from(last.checked_sub(first)?) + 1;
        if left < count {
            return Some(first + left as u32);
        }
        left -= count;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_lines_of_runs_are_counted() {
        let lines: Vec<Option<u32>> = (0..7).map(|n| line_of("2-4,7,9-10", n)).collect();
        let wanted = [2, 3, 4, 7, 9, 10].map(Some);
        assert_eq!((&lines[..6], lines[6]), (&wanted[..], None));
        assert_eq!(line_of("", 0), None);
        assert_eq!(line_of("5-2", 0), None);
    }

    proptest! {
        #[test]
        fn every_text_is_sought_as_it_is_stored(text in "[0-9]{1,20}|[0-9A-Z]{1,6}") {
            match stored(&text) {
                SqlValue::Int(number) => prop_assert_eq!(number.to_string(), text),
                SqlValue::Text(same) => prop_assert_eq!(same, text),
                SqlValue::Null => prop_assert!(false),
            }
        }
    }
}
