//! Buffered reading of headers at given places of the archive.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes fetched at once: many directory records, or one local header and a
/// little of the data behind it.
const CHUNK: usize = 16 << 10;

/// A file of known length and the stretch of it that was read last.
pub(super) struct ByteSource<'a> {
    file: &'a File,
    /// Length when the scan began; what is cut off later is an I/O error.
    pub len: u64,
    buffer: Vec<u8>,
    start: u64,
}

impl<'a> ByteSource<'a> {
    pub fn new(file: &'a File, len: u64) -> Self {
        Self { file, len, buffer: Vec::new(), start: 0 }
    }

    /// The `count` bytes at `at`, or nothing when they would reach past `end`
    /// or past the file. `count` is bounded by the 16-bit lengths of the format
    /// or by the caller.
    pub fn within(&mut self, at: u64, count: usize, end: u64) -> io::Result<Option<&[u8]>> {
        let end = end.min(self.len);
        if at.checked_add(count as u64).is_none_or(|stop| stop > end) {
            return Ok(None);
        }
        let held = self.start + self.buffer.len() as u64;
        if at < self.start || at + count as u64 > held {
            let fetch = (count.max(CHUNK) as u64).min(self.len - at);
            self.buffer.resize(fetch as usize, 0);
            self.start = at;
            if let Err(error) = self.file.read_exact_at(&mut self.buffer, at) {
                self.buffer.clear();
                return Err(error);
            }
        }
        let from = (at - self.start) as usize;
        Ok(Some(&self.buffer[from..from + count]))
    }
}
