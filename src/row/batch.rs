//! Records on their way to the store: flat values, one text buffer, no
//! allocation per row.

use std::fmt::Write as _;

/// A value as the store keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// Blank.
    Null,
    /// A number, day, time, or text in canonical number form.
    Int(i64),
    /// Text, as a place in [`Batch::text`].
    Text(TextPlace),
}

/// Where a text lies in [`Batch::text`]. One number, as other values are, so
/// that values are handed on in registers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextPlace(i64);

impl TextPlace {
    /// A text of `len` bytes from `start` on.
    pub fn new(start: u32, len: u32) -> Self {
        Self((u64::from(start) << 32 | u64::from(len)) as i64)
    }

    /// Its first byte.
    pub fn start(self) -> u32 {
        (self.0 as u64 >> 32) as u32
    }

    /// Its length in bytes.
    #[allow(clippy::len_without_is_empty, reason = "no text is asked that")]
    pub fn len(self) -> u32 {
        self.0 as u32
    }
}

/// What the store needs to know of a record besides its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowMeta {
    /// Line in the member as sent, from 1.
    pub line: u32,
    /// Month of its event, `YYYYMM`; 0 when it has no readable event date.
    pub month: u32,
    /// Has a warning.
    pub warned: bool,
    /// Sent within the days that count as on time.
    pub on_time: bool,
}

/// Records of one kind, in the order of their lines.
#[derive(Debug, Default)]
pub struct Batch {
    /// Values, `width` to a record.
    pub values: Vec<Value>,
    /// Columns of a record.
    pub width: usize,
    /// One for each record.
    pub rows: Vec<RowMeta>,
    /// Of records by visit: the number of each one's visit, within `epoch`.
    pub visits: Vec<u32>,
    /// Numbers of visits are counted anew in each epoch of an archive.
    pub epoch: u32,
    /// Where text values lie.
    pub text: String,
}

impl Batch {
    /// An empty batch of records with `width` columns.
    pub fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Empties it, keeping its memory.
    pub fn clear(&mut self, width: usize) {
        self.width = width;
        self.values.clear();
        self.rows.clear();
        self.visits.clear();
        self.text.clear();
    }

    /// The values of record `index`.
    pub fn row(&self, index: usize) -> &[Value] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// Stores a text value.
    pub fn push_text(&mut self, text: &str) -> Value {
        let place = TextPlace::new(self.text.len() as u32, text.len() as u32);
        self.text.push_str(text);
        Value::Text(place)
    }

    /// The value of a text that is kept as a number where it has one.
    #[inline]
    pub(super) fn number_or_text(&mut self, number: Option<i64>, text: &str) -> Value {
        match number {
            Some(number) => Value::Int(number),
            None => self.push_text(text),
        }
    }

    /// The text of a text value of this batch.
    pub fn text_of(&self, place: TextPlace) -> &str {
        let start = place.start() as usize;
        &self.text[start..start + place.len() as usize]
    }

    /// A value as the text that was sent, when it was sent as text or whole
    /// number (dates too; scaled numbers are not given back by this).
    pub fn display(&self, value: Value) -> String {
        let mut text = String::new();
        self.write(value, &mut text);
        text
    }

    /// The same, behind a text.
    pub fn write(&self, value: Value, to: &mut String) {
        match value {
            Value::Null => {}
            Value::Int(number) => write!(to, "{number}").expect("a text takes all"),
            Value::Text(place) => to.push_str(self.text_of(place)),
        }
    }
}
