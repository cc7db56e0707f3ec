//! Writes the rows that the validator hands over, all in the one transaction of the
//! archive.

use crossbeam_channel::{Receiver, Sender};
use rustc_hash::FxHashMap;

use crate::row::{Batch, ValidationOutcome};
use crate::store::{InsertedRow, StoreError, SubmissionWriter};
use crate::submission::Counts;

/// Messages that may wait for the writer: enough that an archive of many small
/// members is validated ahead, few enough that memory stays bounded.
pub(super) const MESSAGES_AHEAD: usize = 32;

/// From the validator to the writer.
pub(super) enum Message {
    /// The archive can be read; its rows follow.
    Opened(LoadLayout),
    /// A group of members begins that may be taken back together. Groups are
    /// told only of archives that are validated for the second time.
    Begin,
    /// Rows of a member.
    Rows { member: usize, batch: Batch },
    /// The group stays.
    Keep,
    /// The group is taken back.
    Drop(Vec<usize>),
}

/// What the writer has to know of an archive.
pub(super) struct LoadLayout {
    /// The round it belongs to.
    pub round: i32,
    /// By member: the position of its record.
    pub tables: Vec<usize>,
    /// By member: the columns of its key.
    pub keys: Vec<Vec<usize>>,
    /// By member: which columns of the record its rows may have.
    pub sent: Vec<Vec<bool>>,
    /// Duplicates kept per member.
    pub kept: u64,
    /// Duplicates kept in all.
    pub kept_in_all: u64,
}

/// Whoever takes the rows of an archive, and tells of each whether its key is
/// new.
pub(super) trait Taker {
    /// Why it cannot go on.
    type Error;
    /// A group of members begins that may be taken back together.
    fn begin_group(&mut self) -> Result<(), Self::Error>;
    /// The group stays.
    fn keep_group(&mut self) -> Result<(), Self::Error>;
    /// The group, of these members, is taken back.
    fn drop_group(&mut self, members: &[usize]) -> Result<(), Self::Error>;
    /// Takes rows of a member, and calls `each` for every one in their order.
    fn take(
        &mut self,
        member: usize,
        shape: &LoadLayout,
        batch: &Batch,
        each: impl FnMut(InsertedRow),
    ) -> Result<(), Self::Error>;
}

impl Taker for SubmissionWriter<'_> {
    type Error = StoreError;

    fn begin_group(&mut self) -> Result<(), StoreError> {
        SubmissionWriter::begin_group(self)
    }

    fn keep_group(&mut self) -> Result<(), StoreError> {
        SubmissionWriter::keep_group(self)
    }

    fn drop_group(&mut self, _members: &[usize]) -> Result<(), StoreError> {
        SubmissionWriter::drop_group(self)
    }

    fn take(
        &mut self,
        member: usize,
        shape: &LoadLayout,
        batch: &Batch,
        each: impl FnMut(InsertedRow),
    ) -> Result<(), StoreError> {
        self.insert(shape.tables[member], batch, &shape.sent[member], each)
    }
}

/// What the writer counted for a member.
#[derive(Debug, Default)]
pub struct InsertTally {
    /// Stored and duplicate rows by month.
    pub months: FxHashMap<u32, Counts>,
    /// The first duplicates: line and key.
    pub duplicates: Vec<(u32, String)>,
    /// Rows of one month, not in `months` yet: they mostly come in runs.
    run: (u32, Counts),
}

/// What was said of the members of an archive, and what was counted.
pub(super) type ValidatedAndStored = (Vec<ValidationOutcome>, Vec<InsertTally>);

/// Writes what the validator hands over, until it is done; gives what was counted,
/// by member. `on_progress` is called now and then.
pub(super) fn write<T: Taker>(
    receiver: &Receiver<Message>,
    giver: &Sender<Batch>,
    taker: &mut T,
    shape: &LoadLayout,
    on_progress: &mut dyn FnMut(),
) -> Result<Vec<InsertTally>, T::Error> {
    let mut written: Vec<InsertTally> =
        shape.tables.iter().map(|_| InsertTally::default()).collect();
    let mut left = shape.kept_in_all;
    for message in receiver {
        on_progress();
        match message {
            Message::Opened(_) => {}
            Message::Begin => taker.begin_group()?,
            Message::Keep => taker.keep_group()?,
            Message::Drop(members) => {
                taker.drop_group(&members)?;
                for member in members {
                    written[member] = InsertTally::default();
                }
            }
            Message::Rows { member, batch } => {
                let (to, key) = (&mut written[member], &shape.keys[member]);
                taker.take(member, shape, &batch, |row| {
                    to.count(&batch, row.index, row.stored, key, (shape.kept, &mut left));
                })?;
                to.end_run(0);
                // Nobody to give it to: the validator has enough.
                let _ = giver.try_send(batch);
            }
        }
    }
    Ok(written)
}

impl InsertTally {
    /// Puts a run into its month, and begins one of another.
    pub(super) fn end_run(&mut self, next: u32) {
        let (month, counts) = std::mem::replace(&mut self.run, (next, Counts::default()));
        if counts != Counts::default() {
            self.months.entry(month).or_default().add(&counts);
        }
    }

    pub(super) fn count(
        &mut self,
        batch: &Batch,
        row: usize,
        stored: bool,
        key: &[usize],
        (kept, left): (u64, &mut u64),
    ) {
        let meta = &batch.rows[row];
        if self.run.0 != meta.month {
            self.end_run(meta.month);
        }
        let counts = &mut self.run.1;
        if stored {
            counts.accepted += 1;
            counts.warned += u64::from(meta.warned);
            counts.on_time += u64::from(meta.on_time);
            return;
        }
        counts.duplicate += 1;
        if (self.duplicates.len() as u64) < kept && *left > 0 {
            *left -= 1;
            let values = batch.row(row);
            let mut text = String::with_capacity(64);
            for &column in key {
                batch.write(values[column], &mut text);
                text.push('|');
            }
            text.truncate(text.trim_end_matches('|').len());
            text.shrink_to_fit();
            self.duplicates.push((meta.line, text));
        }
    }
}
