//! Originals of submissions: their members, and lines of them as they were
//! received.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, BufReader, Write};
use std::path::Path;

use super::plan::{Forms, RowsOfFile};
use crate::archive::{Archive, Standard, sha256_file};
use crate::clock::fiscal_year_of;
use crate::config::Limits;
use crate::environment::Environment;
use crate::load::{ArchiveContents, ArchiveFailure, Member};
use crate::row::BOM;
use crate::store::ForwardCandidate;

/// Originals that are kept open at once; each keeps one file open.
const MOST_OPEN: usize = 64;

/// Why an original cannot be read: what is said of the submission.
pub(super) type Unreadable = String;

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

/// What two parts must have in common to stand in one member.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MemberForm {
    /// The header line, or how many values the first row has without one.
    header: Result<Vec<u8>, usize>,
    /// Whether what is beyond ASCII is UTF-8; none when nothing is.
    utf8: Option<bool>,
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
        let day = candidate.sent_at.get(..10).and_then(|day| day.parse().ok());
        let year = day.map_or(0, fiscal_year_of);
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
        let has_header = original.members.get(&part.file).is_some_and(|m| m.header_line > 0);
        let (mut first, mut utf8) = (None, None);
        self.each_line(part, true, &mut |line| {
            // A mark says that nothing but UTF-8 is meant.
            let marked = line.starts_with(BOM);
            let line = line.strip_prefix(BOM).unwrap_or(line);
            if marked {
                utf8.get_or_insert(true);
            }
            first.get_or_insert_with(|| line.trim_ascii().to_vec());
            if !line.is_ascii() {
                let is = std::str::from_utf8(line).is_ok();
                utf8 = Some(utf8.unwrap_or(true) && is);
            }
            Ok(())
        })?;
        let first = first.unwrap_or_default();
        let values = memchr::memchr_iter(b'|', &first).count() + 1;
        let form = MemberForm { header: if has_header { Ok(first) } else { Err(values) }, utf8 };
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

/// Submissions that a file is wanted of, by file.
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
        let (first, second) = (self.form(first)?, self.form(second)?);
        let encoding = first.utf8.is_none() || second.utf8.is_none() || first.utf8 == second.utf8;
        Ok(first.header == second.header && encoding)
    }
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
) -> Result<(), Unreadable> {
    let mut ended = true;
    for (index, part) in parts.iter().enumerate() {
        let mut begun = index == 0;
        originals.each_line(part, index == 0, &mut |line| {
            if !ended {
                out.write_all(b"\r\n")?;
            }
            // A mark is one only at the beginning of a member.
            let line = if begun { line } else { line.strip_prefix(BOM).unwrap_or(line) };
            begun = true;
            ended = line.ends_with(b"\n");
            out.write_all(line)
        })?;
    }
    Ok(())
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
    fn lines_are_taken_as_they_were_received() {
        let sent = b"\xef\xbb\xbfA|B\r\n1|a \r\r\n\r\n2|\xe4\xa2\xe9\n3|c";
        let (out, found) = picked(sent, 1, &[2, 4]);
        assert_eq!((&out[..], found), (&b"\xef\xbb\xbfA|B\r\n1|a \r\r\n2|\xe4\xa2\xe9\n"[..], 2));
        assert_eq!(picked(sent, 0, &[5]), (b"3|c".to_vec(), 1));
        assert_eq!(picked(sent, 0, &[5, 6]).1, 1);
    }
}
