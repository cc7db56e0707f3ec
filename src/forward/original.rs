//! Originals of submissions: their members, and lines of them as they were
//! received.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, BufReader, Write};
use std::path::Path;

use chrono::NaiveDate;

use super::form::MemberForm;
use super::plan::{Forms, RowsOfFile};
use crate::archive::{Archive, Standard, sha256_file};
use crate::clock::{fiscal_year_of, round_of};
use crate::config::Limits;
use crate::environment::Environment;
use crate::load::{ArchiveContents, ArchiveFailure, Member};
use crate::row::BOM;
use crate::store::ForwardCandidate;

/// Originals that are kept open at once; each keeps one file open.
const MOST_OPEN: usize = 64;

/// Days after which rows no longer wait for others of their form: they go in
/// the place of newer ones, which wait for the next archive (local default).
const PATIENCE: i64 = 14;

/// What ends a text on old systems.
const CTRL_Z: u8 = 0x1a;

/// Why an original cannot be read: what is said of the submission.
pub(super) type Unreadable = String;

/// Why an archive could not be written.
#[derive(Debug)]
pub(super) enum Trouble {
    /// An original cannot be read: that is trouble of its unit.
    Original(Unreadable),
    /// What is to be written cannot: that is trouble of all of them.
    Ours(io::Error),
}

impl From<Unreadable> for Trouble {
    fn from(why: Unreadable) -> Self {
        Self::Original(why)
    }
}

/// An original, open.
struct Original {
    archive: Archive,
    members: BTreeMap<String, Member>,
}

/// The originals of one unit and standard.
pub(super) struct Originals<'a> {
    environment: &'a Environment,
    data: &'a Path,
    standard: Standard,
    candidates: BTreeMap<i64, &'a ForwardCandidate>,
    open: BTreeMap<i64, Original>,
    forms: HashMap<(i64, String), MemberForm>,
    needs: BTreeMap<String, Vec<String>>,
}

impl<'a> Originals<'a> {
    pub(super) fn new(
        environment: &'a Environment,
        data: &'a Path,
        standard: Standard,
        candidates: &[&'a ForwardCandidate],
    ) -> Self {
        let needs = environment.catalog.records.iter().filter_map(|record| {
            let layout = record.layout(standard)?;
            Some((layout.file.clone(), layout.needs.clone()))
        });
        Self {
            environment,
            data,
            standard,
            candidates: candidates.iter().map(|candidate| (candidate.id, *candidate)).collect(),
            open: BTreeMap::new(),
            forms: HashMap::new(),
            needs: needs.collect(),
        }
    }

    /// Opens the original of a submission and proves that it is what was
    /// loaded.
    pub(super) fn prove(&mut self, submission: i64) -> Result<(), Unreadable> {
        self.original(submission).map(|_| ())
    }

    /// The files of a submission that have a header.
    pub(super) fn with_header(&mut self, submission: i64) -> Result<BTreeSet<String>, Unreadable> {
        let members = self.original(submission)?.members.values();
        Ok(members.filter(|member| member.header_line > 0).map(|m| m.file.clone()).collect())
    }

    fn original(&mut self, submission: i64) -> Result<&Original, Unreadable> {
        if !self.open.contains_key(&submission) {
            while self.open.len() >= MOST_OPEN {
                self.open.pop_first();
            }
            let original = self.read(submission)?;
            self.open.insert(submission, original);
        }
        Ok(&self.open[&submission])
    }

    fn read(&self, submission: i64) -> Result<Original, Unreadable> {
        let candidate = self.candidates[&submission];
        let path = self.data.join(&candidate.stored);
        let fail = |what: String| format!("{}: {what}", candidate.stored);
        let (sha256, _) = sha256_file(&path).map_err(|error| fail(error.to_string()))?;
        if sha256 != candidate.sha256 {
            return Err(fail("is not what was received: its SHA-256 is another".to_owned()));
        }
        // It was loaded once, and its bytes are those: limits may be lower now.
        let limits = Limits {
            archive_bytes: u64::MAX,
            entries: u64::MAX,
            inflated_bytes: u64::MAX,
            member_bytes: u64::MAX,
            ratio: u64::MAX,
            ..self.environment.config.limits.clone()
        };
        let archive = Archive::open(&path, &limits).map_err(|error| fail(error.to_string()))?;
        let year = day_of(&candidate.sent_at).map_or(0, fiscal_year_of);
        let contents = ArchiveContents::read(self.environment, &archive, (self.standard, year));
        let contents = contents.map_err(|failure| match failure {
            ArchiveFailure::Broken(problem) => fail(format!("{} {}", problem.code, problem.detail)),
            ArchiveFailure::Io(error) => fail(error.to_string()),
        })?;
        let members = contents.members.into_iter().map(|member| (member.file.clone(), member));
        Ok(Original { archive, members: members.collect() })
    }

    /// Name of the member that a part is from, as it was received.
    pub(super) fn member_name(&mut self, part: &RowsOfFile) -> Result<String, Unreadable> {
        let original = self.original(part.submission)?;
        let member = original.members.get(&part.file);
        member.map(|member| member.name.clone()).ok_or_else(|| no_member(part))
    }

    /// Hands the header (when it is wanted and there is one) and the lines of a
    /// part to `each` as they were received, line ends and all; says whether
    /// all lines are there.
    pub(super) fn each_line(
        &mut self,
        part: &RowsOfFile,
        header: bool,
        each: &mut dyn FnMut(&[u8]) -> io::Result<()>,
    ) -> Result<(), Unreadable> {
        let original = self.original(part.submission)?;
        let member = original.members.get(&part.file).ok_or_else(|| no_member(part))?;
        let header_line = if header { member.header_line } else { 0 };
        let reader = original.archive.reader(member.entry).map_err(|e| e.to_string())?;
        let found = selected(&mut BufReader::new(reader), header_line, &part.lines, each);
        let found = found.map_err(|error| format!("{}: {error}", member.name))?;
        if found < part.lines.len() {
            return Err(format!("{}: ends before line {}", member.name, part.lines[found]));
        }
        Ok(())
    }

    fn form(&mut self, part: &RowsOfFile) -> Result<MemberForm, Unreadable> {
        let key = (part.submission, part.file.clone());
        if let Some(form) = self.forms.get(&key) {
            return Ok(form.clone());
        }
        let original = self.original(part.submission)?;
        let member = original.members.get(&part.file).ok_or_else(|| no_member(part))?;
        let orders = member.orders.clone();
        let mut form = MemberForm::new(&orders, member.header_line > 0);
        self.each_line(part, true, &mut |line| {
            form.take(&orders, line);
            Ok(())
        })?;
        self.forms.insert(key, form.clone());
        Ok(form)
    }
}

fn no_member(part: &RowsOfFile) -> Unreadable {
    format!("the original has no {}", part.file)
}

/// Lines of accepted rows by file, with the position of its record, and
/// submission.
pub(super) type LinesOfFiles = BTreeMap<String, (usize, BTreeMap<i64, Vec<u32>>)>;

/// Rows of a submission whose lines are of a kind of record.
pub(super) fn parts_of(candidate: &ForwardCandidate, lines: &LinesOfFiles) -> Vec<RowsOfFile> {
    let files = candidate.files.keys().filter_map(|file| {
        let (record, lines) = lines.get(file)?;
        let lines = lines.get(&candidate.id)?.clone();
        Some(RowsOfFile { submission: candidate.id, record: *record, file: file.clone(), lines })
    });
    files.collect()
}

/// Submissions from which a file is needed, by file.
pub(super) fn wanted(candidates: &[&ForwardCandidate]) -> BTreeMap<String, BTreeSet<i64>> {
    let mut wanted: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for candidate in candidates {
        for file in candidate.files.keys() {
            wanted.entry(file.clone()).or_default().insert(candidate.id);
        }
    }
    wanted
}

impl Forms for Originals<'_> {
    type Error = Unreadable;

    fn needs(&self, file: &str) -> &[String] {
        self.needs.get(file).map_or(&[], Vec::as_slice)
    }

    fn alike(&mut self, first: &RowsOfFile, second: &RowsOfFile) -> Result<bool, Unreadable> {
        let older = first.submission <= second.submission;
        let (older, newer) = if older { (first, second) } else { (second, first) };
        Ok(self.form(older)?.takes(&self.form(newer)?))
    }

    fn same_rules(&self, part: &RowsOfFile, of: i64) -> bool {
        let [own, other] = [part.submission, of]
            .map(|id| day_of(&self.candidates[&id].sent_at).unwrap_or_default());
        let layout = |day| {
            let year = fiscal_year_of(day);
            self.environment.compiled_layout_in(part.record, self.standard, year)
        };
        let register = self.environment.catalog.records[part.record].register;
        std::ptr::eq(layout(own), layout(other)) && (!register || round_of(own) == round_of(other))
    }

    fn has_waited(&self, part: &RowsOfFile, of: i64) -> bool {
        let day = |id: i64| day_of(&self.candidates[&id].received_at);
        let days = day(of).zip(day(part.submission)).map(|(now, then)| (now - then).num_days());
        days.is_some_and(|days| days >= PATIENCE)
    }
}

/// The day of a time, RFC 3339.
fn day_of(time: &str) -> Option<NaiveDate> {
    time.get(..10)?.parse().ok()
}

/// Hands the header line and the lines asked for, ascending, to `each`; gives
/// how many of these were there. All bytes are read, so that the archive's
/// promises are proven.
fn selected(
    reader: &mut impl io::BufRead,
    header_line: u64,
    lines: &[u32],
    each: &mut dyn FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<usize> {
    let (mut number, mut found) = (0_u64, 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(found);
        }
        number += 1;
        let asked = lines.get(found).is_some_and(|next| u64::from(*next) == number);
        found += usize::from(asked);
        if asked || number == header_line {
            each(&line)?;
        }
    }
}

/// Writes parts of one file as one member: the header of the first, then all
/// lines in order.
pub(super) fn write_member(
    originals: &mut Originals<'_>,
    parts: &[RowsOfFile],
    out: &mut impl Write,
) -> Result<(), Trouble> {
    let mut member = JoinedMember { out, begun: false, ended: true, trouble: None };
    let written = write_parts(originals, parts, &mut member);
    match member.trouble {
        Some(error) => Err(Trouble::Ours(error)),
        None => written.map_err(Trouble::Original),
    }
}

fn write_parts(
    originals: &mut Originals<'_>,
    parts: &[RowsOfFile],
    member: &mut JoinedMember<'_, impl Write>,
) -> Result<(), Unreadable> {
    for (index, part) in parts.iter().enumerate() {
        let (mut first, last) = (true, index + 1 == parts.len());
        originals.each_line(part, index == 0, &mut |line| {
            member.put(line, std::mem::take(&mut first), last)
        })?;
    }
    Ok(())
}

/// A member that is written line by line.
struct JoinedMember<'o, W> {
    out: &'o mut W,
    begun: bool,
    /// The last line has its end.
    ended: bool,
    /// What was wrong with writing, as opposed to reading.
    trouble: Option<io::Error>,
}

impl<W: Write> JoinedMember<'_, W> {
    /// Writes a line; it may be the first of its part, and of the last part.
    fn put(&mut self, line: &[u8], first: bool, last: bool) -> io::Result<()> {
        // A mark is one only at the beginning of a member.
        let marked = first && self.begun;
        let line = if marked { line.strip_prefix(BOM).unwrap_or(line) } else { line };
        let between: &[u8] = if self.ended { b"" } else { b"\r\n" };
        self.begun = true;
        self.ended = line.ends_with(b"\n");
        // And Ctrl-Z only at its end.
        let ctrl_z = line.iter().rev().take_while(|byte| matches!(**byte, CTRL_Z | b'\r')).count();
        let line = if last || self.ended { line } else { &line[..line.len() - ctrl_z] };
        let written = self.out.write_all(between).and_then(|()| self.out.write_all(line));
        written.map_err(|error| {
            let kind = error.kind();
            self.trouble = Some(error);
            kind.into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(bytes: &[u8], header: u64, lines: &[u32]) -> (Vec<u8>, usize) {
        let mut out = Vec::new();
        let found = selected(&mut &bytes[..], header, lines, &mut |line| {
            out.extend_from_slice(line);
            Ok(())
        });
        (out, found.unwrap())
    }

    #[test]
    fn a_ctrl_z_and_a_mark_stay_only_where_they_mean_something() {
        let mut out = Vec::new();
        let mut member = JoinedMember { out: &mut out, begun: false, ended: true, trouble: None };
        for (line, first, last) in [
            (&b"\xef\xbb\xbfA|B\r\n"[..], true, false),
            (b"1|\x1a|a\n", false, false),
            (b"1|b\r\x1a", false, false),
            (b"\xef\xbb\xbf2|a\x1a\x1a", true, false),
            (b"3|a\x1a", true, true),
        ] {
            member.put(line, first, last).unwrap();
        }
        let wanted = b"\xef\xbb\xbfA|B\r\n1|\x1a|a\n1|b\r\n2|a\r\n3|a\x1a";
        assert_eq!(String::from_utf8_lossy(&out), String::from_utf8_lossy(wanted));
    }

    #[test]
    fn lines_are_taken_as_they_were_received() {
        let sent = b"\xef\xbb\xbfA|B\r\n1|a \r\r\n\r\n2|\xe4\xa2\xe9\n3|c";
        let (out, found) = picked(sent, 1, &[2, 4]);
        assert_eq!((&out[..], found), (&b"\xef\xbb\xbfA|B\r\n1|a \r\r\n2|\xe4\xa2\xe9\n"[..], 2));
        assert_eq!(picked(sent, 0, &[5]), (b"3|c".to_vec(), 1));
        assert_eq!(picked(sent, 0, &[5, 6]).1, 1);
    }
}
