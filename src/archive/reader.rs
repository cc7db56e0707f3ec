//! One entry as a stream of inflated bytes that keeps its header's promises.
//!
//! The end of the stream is given out only when size, CRC and the end of the
//! packed bytes agree with the header; a caller that stops earlier has seen bytes
//! that are not proven yet.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::defect::{ArchiveDefect, ArchiveError, ReadError};
use super::scan::{ScannedEntry, within_limits};
use crate::config::Limits;

/// Bytes inflated at once when they are only counted.
const SCRATCH: usize = 64 << 10;

/// What the readers of one archive share.
#[derive(Debug)]
pub(super) struct OpenArchive {
    pub file: File,
    pub entries: Vec<ScannedEntry>,
    pub limits: Limits,
    /// The most bytes that any reader has inflated, per entry; so reading a
    /// member twice counts once.
    pub largest: Vec<AtomicU64>,
    /// The sum of `largest`.
    pub total: AtomicU64,
}

/// A streaming reader of one entry. A fault of the archive comes out as an
/// [`io::Error`] around a [`ArchiveError`]; `ReadError::from` tells it from a fault
/// of the disk. After a fault every read repeats it.
#[derive(Debug)]
pub struct MemberReader {
    shared: Arc<OpenArchive>,
    index: usize,
    /// None for a stored entry.
    inflater: Option<Decompress>,
    /// Packed bytes fetched; those from `used` on wait for the inflater.
    input: Vec<u8>,
    used: usize,
    buffer: usize,
    /// Next packed byte to fetch, and where they end.
    at: u64,
    end: u64,
    /// Inflated bytes so far.
    produced: u64,
    crc: Crc,
    /// The last block of the deflate stream has been read.
    stream_ended: bool,
    proven: bool,
    fault: Option<ArchiveError>,
}

impl MemberReader {
    /// `index` is in range and `buffer` positive: both are the caller's promise.
    pub(super) fn new(shared: Arc<OpenArchive>, index: usize, buffer: usize) -> Self {
        let entry = &shared.entries[index];
        let (at, end) = (entry.start, entry.start + entry.packed);
        let inflater = entry.deflated.then(|| Decompress::new(false));
        Self {
            index,
            inflater,
            input: Vec::new(),
            used: 0,
            buffer,
            at,
            end,
            produced: 0,
            crc: Crc::new(),
            stream_ended: false,
            proven: false,
            fault: None,
            shared,
        }
    }

    fn entry(&self) -> &ScannedEntry {
        &self.shared.entries[self.index]
    }

    fn content(&self, detail: &str) -> ReadError {
        ArchiveDefect::Content.at(&self.entry().name, detail).into()
    }

    /// Gives out at most what the header declares, then proves the rest.
    fn advance(&mut self, out: &mut [u8]) -> Result<usize, ReadError> {
        let left = self.entry().inflated - self.produced;
        if left == 0 {
            self.prove()?;
            return Ok(0);
        }
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(out.len());
        let count = self.unpack(&mut out[..room])?;
        if count == 0 {
            return Err(self.content("inflates to fewer bytes than declared"));
        }
        self.crc.update(&out[..count]);
        self.count(count)?;
        Ok(count)
    }

    /// Unpacks into `out`, which is not empty; 0 only at the end of the stream.
    fn unpack(&mut self, out: &mut [u8]) -> Result<usize, ReadError> {
        if self.inflater.is_none() {
            let count = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(out.len());
            self.shared.file.read_exact_at(&mut out[..count], self.at)?;
            self.at += count as u64;
            return Ok(count);
        }
        while !self.stream_ended {
            if self.used == self.input.len() {
                self.fetch()?;
            }
            let (taken, made) = self.inflate(out)?;
            self.used += taken;
            if made > 0 {
                return Ok(made);
            }
            if taken == 0 && !self.stream_ended {
                return Err(self.content("its deflate stream is cut short"));
            }
        }
        Ok(0)
    }

    /// One call of the inflater: packed bytes taken, inflated bytes made.
    fn inflate(&mut self, out: &mut [u8]) -> Result<(usize, usize), ReadError> {
        let Some(inflater) = &mut self.inflater else { return Ok((0, 0)) };
        let (taken, made) = (inflater.total_in(), inflater.total_out());
        let Ok(status) = inflater.decompress(&self.input[self.used..], out, FlushDecompress::None)
        else {
            return Err(self.content("its deflate stream is damaged"));
        };
        self.stream_ended = status == Status::StreamEnd;
        Ok(((inflater.total_in() - taken) as usize, (inflater.total_out() - made) as usize))
    }

    /// Fetches the next packed bytes; none are left at the end.
    fn fetch(&mut self) -> io::Result<()> {
        let count = (self.end - self.at).min(self.buffer as u64);
        self.input.resize(count as usize, 0);
        self.used = 0;
        if let Err(error) = self.shared.file.read_exact_at(&mut self.input, self.at) {
            self.input.clear();
            return Err(error);
        }
        self.at += count;
        Ok(())
    }

    /// Counts inflated bytes against every limit. Each entry weighs in the
    /// total with its largest read only.
    fn count(&mut self, count: usize) -> Result<(), ArchiveError> {
        self.produced += count as u64;
        let before = self.shared.largest[self.index].fetch_max(self.produced, Ordering::Relaxed);
        let more = self.produced.saturating_sub(before);
        let total = self.shared.total.fetch_add(more, Ordering::Relaxed) + more;
        within_limits(self.entry(), self.produced, total, &self.shared.limits)
    }

    /// All declared bytes are out: nothing may follow, and the CRC must agree.
    fn prove(&mut self) -> Result<(), ReadError> {
        if self.inflater.is_some() {
            let count = self.unpack(&mut [0])?;
            if count > 0 {
                return self.overrun(count);
            }
        }
        if self.at < self.end || self.used < self.input.len() {
            return Err(self.content("bytes after its deflate stream"));
        }
        if self.crc.sum() != self.entry().crc32 {
            return Err(self.content("CRC mismatch"));
        }
        self.proven = true;
        Ok(())
    }

    /// The header declared too little. Goes on counting, to tell a bomb (over a
    /// limit) from a lie (unlike its header).
    fn overrun(&mut self, mut count: usize) -> Result<(), ReadError> {
        let mut scratch = vec![0; SCRATCH];
        while count > 0 {
            self.count(count)?;
            count = self.unpack(&mut scratch)?;
        }
        Err(self.content("inflates to more bytes than declared"))
    }
}

impl Read for MemberReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if let Some(fault) = &self.fault {
            return Err(io::Error::other(fault.clone()));
        }
        if self.proven || out.is_empty() {
            return Ok(0);
        }
        self.advance(out).map_err(|trouble| {
            if let ReadError::Broken(fault) = &trouble {
                self.fault = Some(fault.clone());
            }
            trouble.into()
        })
    }
}
