//! Which entry of an archive is which file, and what the head of each member
//! says: header or none, data or none (docs/rules.md#archives, A07, M01–M04, M07).

mod head;

use super::member::{Member, problem};
use crate::archive::{Archive, ReadError, ScannedEntry, Standard};
use crate::environment::Environment;
use crate::problem_code::ProblemCode;
use crate::row::HeaderError;
use crate::submission::Problem;

/// Names that are listed when no member is known.
const LISTED: usize = 20;

/// What an archive holds.
#[derive(Debug, Default)]
pub struct ArchiveContents {
    /// Files of the standard, whole ones and broken ones.
    pub members: Vec<Member>,
    /// What is wrong with members.
    pub problems: Vec<Problem>,
    /// What was skipped, and the like.
    pub notes: Vec<Problem>,
}

/// Why an archive is broken as a whole, or why it could not be read.
#[derive(Debug)]
pub enum ArchiveFailure {
    /// The sender's fault.
    Broken(Box<Problem>),
    /// The disk's.
    Io(std::io::Error),
}

impl ArchiveFailure {
    fn broken(problem: Problem) -> Self {
        Self::Broken(Box::new(problem))
    }
}

impl ArchiveContents {
    /// Sorts the entries into files and reads the head of each, for an archive
    /// of a standard and fiscal year.
    ///
    /// # Errors
    /// An archive that is broken, else errors of reading it.
    pub fn read(
        environment: &Environment,
        archive: &Archive,
        (standard, year): (Standard, i32),
    ) -> Result<Self, ArchiveFailure> {
        let mut contents = Self::default();
        for entry in archive.entries() {
            contents.sort(environment, archive, standard, entry)?;
        }
        if contents.members.is_empty() {
            let detail = contents.nothing_known(environment, standard);
            return Err(ArchiveFailure::broken(problem(
                environment,
                Some(standard),
                ProblemCode::NoKnownFile,
                None,
                None,
                detail,
            )));
        }
        for member in &mut contents.members {
            let (_, layout) = environment.file(member.record, standard);
            let compiled = environment.compiled_layout_in(member.record, standard, year);
            let head = head::read_head(archive, member.entry, compiled, layout)
                .map_err(|e| refusal(environment, standard, e))?;
            let name = member.name.clone();
            let say = |code: ProblemCode, line: Option<u64>, detail: String| {
                problem(environment, Some(standard), code, Some(&name), line, detail)
            };
            let said = member.read_head(&head, layout, compiled);
            member.broken = !said.troubles.is_empty();
            for HeaderError { code, detail, nearest } in said.troubles {
                contents.problems.push(Problem { nearest, ..say(code, said.line, detail) });
            }
            if let Some(line) = said.quoted {
                contents.notes.push(say(ProblemCode::QuotedValues, Some(line), String::new()));
            }
            if !member.broken && !member.has_data {
                contents.notes.push(say(ProblemCode::NoData, None, String::new()));
            }
        }
        contents.check_needs(environment, standard);
        Ok(contents)
    }

    fn sort(
        &mut self,
        environment: &Environment,
        archive: &Archive,
        standard: Standard,
        entry: &ScannedEntry,
    ) -> Result<(), ArchiveFailure> {
        if entry.is_dir {
            return Ok(());
        }
        let Some(name) = file_name(entry) else {
            drain(archive, entry.index).map_err(|e| refusal(environment, standard, e))?;
            let detail = entry.base.clone();
            self.notes.push(problem(
                environment,
                Some(standard),
                ProblemCode::EntrySkipped,
                Some(&entry.name),
                None,
                detail,
            ));
            return Ok(());
        };
        let other = if standard == Standard::F21 { Standard::F43 } else { Standard::F21 };
        let (whole, cut) = (name.to_ascii_uppercase(), without_suffix(name).to_ascii_uppercase());
        let known =
            |of: Standard| [&whole, &cut].into_iter().find_map(|n| environment.record_of(of, n));
        if let Some((record, file)) = known(standard) {
            if let Some(twin) = self.members.iter().find(|member| member.record == record) {
                let detail = format!("{} and {} are both {file}", twin.name, entry.name);
                return Err(ArchiveFailure::broken(problem(
                    environment,
                    Some(standard),
                    ProblemCode::ArchiveStructure,
                    Some(&entry.name),
                    None,
                    detail,
                )));
            }
            self.members.push(Member {
                entry: entry.index,
                name: entry.name.clone(),
                record,
                file,
                orders: Vec::new(),
                header_line: 0,
                has_data: false,
                broken: false,
            });
        } else if known(other).is_some() {
            let detail = format!("{} is a file of {other}, the archive is {standard}", entry.base);
            return Err(ArchiveFailure::broken(problem(
                environment,
                Some(standard),
                ProblemCode::NoKnownFile,
                Some(&entry.name),
                None,
                detail,
            )));
        } else {
            drain(archive, entry.index).map_err(|e| refusal(environment, standard, e))?;
            let mut said = problem(
                environment,
                Some(standard),
                ProblemCode::UnknownFile,
                Some(&entry.name),
                None,
                name.to_owned(),
            );
            said.nearest = environment.catalog.nearest_file(standard, &cut).map(str::to_owned);
            self.problems.push(said);
        }
        Ok(())
    }

    /// What an archive without a file of the standard holds instead: each
    /// entry, with the file that is nearest to its name.
    fn nothing_known(&self, environment: &Environment, standard: Standard) -> String {
        let base = |name: &str| name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let entries = self.problems.iter().chain(&self.notes).filter_map(|p| p.member.as_deref());
        let mut told: Vec<String> = entries
            .map(|name| {
                let base = base(name);
                let stem = base.rsplit_once('.').map_or(base.as_str(), |(stem, _)| stem);
                let near = environment.catalog.nearest_file(standard, without_suffix(stem));
                near.map_or(name.to_owned(), |near| format!("{name} → {near}.txt?"))
            })
            .collect();
        if told.len() > LISTED {
            let count = told.len();
            told.truncate(LISTED);
            told.push(format!("… ({count})"));
        }
        let list = if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) };
        format!("no file of {standard}{list}")
    }

    /// M06: what must be sent together. A broken member, or one without data,
    /// counts as not sent, so breaking one may break another.
    pub fn check_needs(&mut self, environment: &Environment, standard: Standard) {
        loop {
            let sent: Vec<String> = self
                .members
                .iter()
                .filter(|member| !member.broken && member.has_data)
                .map(|member| member.file.clone())
                .collect();
            let lacking = self.members.iter_mut().find_map(|member| {
                let needs = &environment.file(member.record, standard).1.needs;
                let missing = needs.iter().find(|need| !sent.contains(need))?;
                (!member.broken && member.has_data).then_some((member, missing))
            });
            let Some((member, missing)) = lacking else { return };
            member.broken = true;
            let name = Some(member.name.as_str());
            let detail = format!("{} needs {missing}", member.file);
            self.problems.push(problem(
                environment,
                Some(standard),
                ProblemCode::PartnerMissing,
                name,
                None,
                detail,
            ));
        }
    }
}

/// The name of a text file that the standard should know, without extension;
/// none for entries that are skipped.
fn file_name(entry: &ScannedEntry) -> Option<&str> {
    let hidden = entry.base.starts_with(['.', '~']);
    let (stem, extension) = entry.base.rsplit_once('.')?;
    (!hidden && !entry.is_in_mac_mirror() && extension.eq_ignore_ascii_case("txt")).then_some(stem)
}

/// `ACCIDENT_07487_20251001085344` is `ACCIDENT`.
fn without_suffix(stem: &str) -> &str {
    let mut parts = stem.rsplitn(3, '_');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(time), Some(hcode), Some(file))
            if time.len() == 14
                && time.bytes().all(|b| b.is_ascii_digit())
                && hcode.len() == 5
                && hcode.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            file
        }
        _ => stem,
    }
}

/// Reads an entry that nobody looks at, so that its CRC is held to.
fn drain(archive: &Archive, entry: usize) -> Result<(), ReadError> {
    std::io::copy(&mut archive.reader(entry)?, &mut std::io::sink())?;
    Ok(())
}

/// A trouble while reading as what it means for the archive.
pub fn refusal(
    environment: &Environment,
    standard: Standard,
    trouble: ReadError,
) -> ArchiveFailure {
    match trouble {
        ReadError::Io(error) => ArchiveFailure::Io(error),
        ReadError::Broken(broken) => ArchiveFailure::broken(problem(
            environment,
            Some(standard),
            broken.code,
            broken.entry.as_deref(),
            None,
            broken.detail,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_of_unit_and_time_is_cut_off() {
        for (stem, file) in [
            ("ACCIDENT_07487_20251001085344", "ACCIDENT"),
            ("diagnosis_opd_07487_20251001085344", "diagnosis_opd"),
            ("DIAGNOSIS_OPD", "DIAGNOSIS_OPD"),
            ("DIAG_07487_2025", "DIAG_07487_2025"),
            ("PERSON_0748_20251001085344", "PERSON_0748_20251001085344"),
        ] {
            assert_eq!(without_suffix(stem), file);
        }
    }
}
