//! The writer's side of an archive: takes the rows that the judge hands over,
//! all in the one transaction of the archive.

use crossbeam_channel::{Receiver, Sender};
use rustc_hash::FxHashMap;

use crate::row::{Batch, ValidationOutcome};
use crate::store::{Loading, StoreError};
use crate::submission::Counts;

/// Messages that may wait for the writer: enough that an archive of many small
/// members is judged ahead, few enough that memory stays bounded.
pub(super) const AHEAD: usize = 32;

/// From the judge to the writer.
pub(super) enum Message {
    /// The archive can be read; its rows follow.
    Opened(Shape),
    /// A group of members begins that may be taken back together. Groups are
    /// told only of archives that are judged for the second time.
    Begin,
    /// Rows of a member.
    Rows { member: usize, batch: Batch },
    /// The group stays.
    Keep,
    /// The group is taken back.
    Drop(Vec<usize>),
}

/// What the writer has to know of an archive.
pub(super) struct Shape {
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

/// What the writer counted for a member.
#[derive(Debug, Default)]
pub struct Written {
    /// Stored and duplicate rows by month.
    pub months: FxHashMap<u32, Counts>,
    /// The first duplicates: line and key.
    pub duplicates: Vec<(u32, String)>,
    /// Rows of one month, not in `months` yet: they mostly come in runs.
    run: (u32, Counts),
}

/// What was said of the members of an archive, and what was counted.
pub(super) type Both = (Vec<ValidationOutcome>, Vec<Written>);

/// Writes what the judge hands over, until it is done; gives what was counted,
/// by member. `between` is called now and then.
pub(super) fn write(
    receiver: &Receiver<Message>,
    giver: &Sender<Batch>,
    loading: &mut Loading,
    shape: &Shape,
    between: &mut dyn FnMut(),
) -> Result<Vec<Written>, StoreError> {
    let mut written: Vec<Written> = shape.tables.iter().map(|_| Written::default()).collect();
    let mut left = shape.kept_in_all;
    for message in receiver {
        between();
        match message {
            Message::Opened(_) => {}
            Message::Begin => loading.begin_group()?,
            Message::Keep => loading.keep_group()?,
            Message::Drop(members) => {
                loading.drop_group()?;
                for member in members {
                    written[member] = Written::default();
                }
            }
            Message::Rows { member, batch } => {
                let (to, key) = (&mut written[member], &shape.keys[member]);
                let (table, sent) = (shape.tables[member], &shape.sent[member]);
                loading.insert(table, &batch, sent, |row| {
                    to.count(&batch, row.index, row.stored, key, (shape.kept, &mut left));
                })?;
                to.end_run(0);
                // Nobody to give it to: the judge has enough.
                let _ = giver.try_send(batch);
            }
        }
    }
    Ok(written)
}

impl Written {
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
