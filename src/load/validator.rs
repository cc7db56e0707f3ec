//! Inflates and validates the members of an archive, and hands their rows over to
//! the writer.

use crossbeam_channel::{Receiver, Sender};

use super::lines::{Buffers, LineError, MemberEncoding, MemberLines};
use super::member::{Member, problem};
use super::members::{ArchiveContents, ArchiveFailure, refusal};
use super::odd::{Oddities, RowLines};
use super::visits::Visits;
use super::writer::Message;
use crate::archive::{Archive, Standard};
use crate::environment::Environment;
use crate::row::{Batch, Context, ValidationOutcome, Validator};
use crate::store::VISIT;

/// Rows, and bytes of text, after which a batch is handed over.
const BATCH_ROWS: usize = 1024;
const BATCH_TEXT: usize = 128 << 10;

/// What the validator of an archive works with.
pub(super) struct ArchiveValidator<'a, 'c> {
    pub environment: &'a Environment,
    pub archive: &'a Archive,
    pub standard: Standard,
    /// Fiscal year of the archive, B.E.
    pub year: i32,
    /// What rows are validated against.
    pub context: Context<'c>,
    /// The way to the writer.
    pub sender: Sender<Message>,
    /// Batches that the writer is done with.
    pub pool: Receiver<Batch>,
    /// Told the inflated bytes that have been read.
    pub progress: &'a (dyn Fn(u64) + Send + Sync),
    pub visits: Visits,
    pub buffers: Buffers,
    /// By member, as far as is known.
    pub readings: Vec<MemberEncoding>,
    /// Whether the writer can take members back. Being able to costs a copy of
    /// every page that is changed, and hardly any archive needs it.
    pub guarded: bool,
}

/// What was said of a member, and what was skipped in it.
type MemberOutcome = (ValidationOutcome, Oddities);

/// Why the validation of a member ended early.
enum EndedEarly {
    Lines(LineError),
    /// The writer has failed and will say so.
    WriterGone,
}

impl ArchiveValidator<'_, '_> {
    /// Validates all members; gives what was said, by member. Members that turn
    /// out to be broken are marked in `contents`. When the writer is gone it
    /// ends early, and what it gives means nothing. Gives nothing when members
    /// have to be taken back and cannot be: all is to be validated again, guarded.
    pub fn run(
        &mut self,
        contents: &mut ArchiveContents,
    ) -> Result<Option<Vec<ValidationOutcome>>, ArchiveFailure> {
        let mut outcomes: Vec<MemberOutcome> =
            contents.members.iter().map(|_| MemberOutcome::default()).collect();
        let mut groups = groups(self.environment, self.standard, &contents.members);
        groups.reverse();
        while let Some(group) = groups.pop() {
            let loads = |&member: &usize| {
                !contents.members[member].broken && contents.members[member].has_data
            };
            let members: Vec<usize> = group.iter().copied().filter(loads).collect();
            let left = self.context.left;
            let ended = self.group(contents, &members, &mut outcomes);
            if ended.is_err() {
                // What was said of it is taken back with its rows.
                self.context.left = left;
            }
            match ended {
                Ok(()) => {}
                Err((_, EndedEarly::WriterGone)) => break,
                Err((_, EndedEarly::Lines(LineError::Read(trouble)))) => {
                    return Err(refusal(self.environment, self.standard, trouble));
                }
                Err(_) if !self.guarded => return Ok(None),
                Err((at, EndedEarly::Lines(LineError::OtherEncoding(why)))) => {
                    self.readings[at] = MemberEncoding::Windows874(why);
                    self.take_back(&members, contents, &mut outcomes);
                    groups.push(group);
                }
                Err((at, EndedEarly::Lines(LineError::Member { code, line, detail }))) => {
                    self.take_back(&members, contents, &mut outcomes);
                    contents.members[at].broken = true;
                    let name = contents.members[at].name.clone();
                    let problem = problem(
                        self.environment,
                        Some(self.standard),
                        code,
                        Some(&name),
                        Some(line),
                        detail,
                    );
                    contents.problems.push(problem);
                    contents.check_needs(self.environment, self.standard);
                    groups.push(group);
                }
            }
        }
        let (environment, standard) = (self.environment, self.standard);
        for (member, (_, odd)) in contents.members.iter().zip(&outcomes) {
            contents.notes.extend(odd.notes(environment, standard, &member.name));
        }
        Ok(Some(outcomes.into_iter().map(|(outcome, _)| outcome).collect()))
    }

    fn group(
        &mut self,
        contents: &ArchiveContents,
        members: &[usize],
        outcomes: &mut [MemberOutcome],
    ) -> Result<(), (usize, EndedEarly)> {
        let Some(&first) = members.first() else { return Ok(()) };
        self.guard(Message::Begin).map_err(|early| (first, early))?;
        for &at in members {
            outcomes[at] = self.member(&contents.members[at], at).map_err(|early| (at, early))?;
        }
        self.guard(Message::Keep).map_err(|early| (first, early))
    }

    fn take_back(
        &mut self,
        members: &[usize],
        contents: &ArchiveContents,
        outcomes: &mut [MemberOutcome],
    ) {
        // When the writer is gone it rolls everything back anyway.
        let _ = self.send(Message::Drop(members.to_vec()));
        self.visits.restart();
        for &member in members {
            outcomes[member] = MemberOutcome::default();
            let compiled =
                self.environment.compiled_layout(contents.members[member].record, self.standard);
            if compiled.is_person {
                self.context.persons.forget();
            } else if compiled.is_death {
                self.context.persons.forget_deaths();
            }
        }
    }

    fn member(&mut self, member: &Member, at: usize) -> Result<MemberOutcome, EndedEarly> {
        let environment = self.environment;
        let compiled = environment.compiled_layout_in(member.record, self.standard, self.year);
        let (record, layout) = environment.file(member.record, self.standard);
        let visit_columns =
            record.visit.then(|| VISIT.map(|name| record.column(name).unwrap_or_default()));
        let reader =
            self.archive.reader(member.entry).map_err(|e| EndedEarly::Lines(LineError::Read(e)))?;
        let bytes = self.archive.entries()[member.entry].inflated;
        let longest = environment.config.limits.line_bytes;
        let mut lines =
            MemberLines::new(reader, self.readings[at], longest, bytes, &mut self.buffers);
        let (sender, pool) = (self.sender.clone(), self.pool.clone());
        // A row has about as many bytes as columns at the least.
        let count = bytes as usize / (compiled.width + 1);
        let fresh = || fresh(&pool, compiled.width, count.min(BATCH_ROWS));
        let mut batch = fresh();
        let numbered = &mut self.visits;
        let mut validator = Validator::new(compiled, member.orders.clone(), &mut self.context);
        let mut rows = RowLines::new(compiled, layout, member);
        while let Some(block) = lines.block().map_err(EndedEarly::Lines)? {
            (self.progress)(block.text.len() as u64);
            validator.begin_block(block.text);
            for (number, line, ended) in numbered_lines(block.first_line, block.text) {
                let Some(line) = rows.row(number, line, ended) else { continue };
                let before = batch.rows.len();
                validator.row(line, number as u32, &mut batch);
                if let Some(columns) = visit_columns.filter(|_| batch.rows.len() > before) {
                    let visit = numbered.ordinal(&batch, before, columns);
                    batch.visits.push(visit);
                }
                if batch.rows.len() >= BATCH_ROWS || batch.text.len() >= BATCH_TEXT {
                    let full = std::mem::replace(&mut batch, fresh());
                    validator.pause();
                    hand_over(&sender, at, full, numbered.epoch)?;
                    if numbered.full() {
                        numbered.restart();
                    }
                }
            }
        }
        validator.pause();
        let outcome = validator.outcome;
        hand_over(&sender, at, batch, numbered.epoch)?;
        Ok((outcome, rows.odd))
    }

    fn send(&self, message: Message) -> Result<(), EndedEarly> {
        self.sender.send(message).map_err(|_| EndedEarly::WriterGone)
    }

    /// Says where a group begins or ends, to a writer that is to know.
    fn guard(&self, message: Message) -> Result<(), EndedEarly> {
        if self.guarded { self.send(message) } else { Ok(()) }
    }
}

fn hand_over(
    sender: &Sender<Message>,
    member: usize,
    mut batch: Batch,
    epoch: u32,
) -> Result<(), EndedEarly> {
    batch.epoch = epoch;
    sender.send(Message::Rows { member, batch }).map_err(|_| EndedEarly::WriterGone)
}

/// An empty batch with room for so many rows. Room that stays unused costs
/// nothing but addresses.
fn fresh(pool: &Receiver<Batch>, width: usize, rows: usize) -> Batch {
    let mut batch = pool.try_recv().unwrap_or_default();
    batch.clear(width);
    batch.values.reserve(rows * width);
    batch.rows.reserve(rows);
    batch
}

/// Lines with their numbers, and whether they are ended; the line end is not
/// part of a line.
fn numbered_lines(first: u64, text: &str) -> impl Iterator<Item = (u64, &str, bool)> {
    let mut start = 0;
    let mut number = first;
    std::iter::from_fn(move || {
        if start >= text.len() {
            return None;
        }
        let rest = &text[start..];
        let end = memchr::memchr(b'\n', rest.as_bytes());
        let length = end.unwrap_or(rest.len());
        let line = rest[..length].strip_suffix('\r').unwrap_or(&rest[..length]);
        start += length + 1;
        number += 1;
        Some((number - 1, line, end.is_some()))
    })
}

/// Members that are taken back together, in the order in which they load:
/// PERSON first, because the others refer to it, then DEATH, then those that
/// need each other, then the rest.
fn groups(environment: &Environment, standard: Standard, members: &[Member]) -> Vec<Vec<usize>> {
    let needs = |member: &Member| &environment.file(member.record, standard).1.needs;
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&at| {
        let member = &members[at];
        let record = &environment.catalog.records[member.record];
        // Files without needs come after the visits, among themselves by name.
        let needs = Some(needs(member).len()).filter(|count| *count > 0).unwrap_or(usize::MAX);
        (record.load_order, needs, member.file.clone())
    });
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for at in order {
        let member = &members[at];
        let mutual = |other: &usize| {
            let other = &members[*other];
            needs(member).contains(&other.file) && needs(other).contains(&member.file)
        };
        match groups.iter_mut().find(|group| group.iter().any(mutual)) {
            Some(group) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    groups
}
