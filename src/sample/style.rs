//! The forms in which real programs export: none of them changes what a row
//! says [F43-2014; F21-SHS].

use encoding_rs::WINDOWS_874;

use super::province::stream;
use super::rng::Rng;
use super::spec::Spec;
use crate::archive::Standard;

/// What stands for a file without rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// Nothing: the member is left out.
    Absent,
    /// A header line alone, or an empty member where there is no header.
    Header,
    /// The word `test`.
    Word,
}

/// Encoding of the members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleEncoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Mark,
    /// TIS-620 as Windows writes it.
    Thai,
}

/// How one sender's program exports.
#[allow(clippy::struct_excessive_bools, reason = "each is a habit of its own")]
#[derive(Debug, Clone)]
pub struct Style {
    /// Members begin with a header line.
    pub header: bool,
    /// Upper-case member names and headers.
    pub upper: bool,
    /// Members are called `FILE_HCODE_TIME.txt`.
    pub suffix: bool,
    /// Members lie in a folder named like the archive.
    pub folder: bool,
    /// Encoding.
    pub encoding: SampleEncoding,
    /// Lines end with CR LF.
    pub crlf: bool,
    /// The last line has its end.
    pub last_end: bool,
    /// A delimiter ends every line.
    pub trailing: bool,
    /// A blank line follows the first line.
    pub blank_line: bool,
    /// Columns other than the first are in an order of their own.
    pub permuted: u64,
    /// Headers use the other spellings.
    pub alias: bool,
    /// Optional columns without values are left out of the header.
    pub sparse: bool,
    /// Files without rows.
    pub empty: Empty,
    /// Entries that are no data go along.
    pub extras: bool,
    /// The year in the archive's name is of the Buddhist era.
    pub buddhist: bool,
    /// Newest version of the layouts that it knows.
    pub version: usize,
}

const F43: [&str; 5] = ["2014", "2.1", "2.3", "2.4", "2.4.1"];
const F21: [&str; 3] = ["18", "5.0", "5.0+"];

fn versions(standard: Standard) -> &'static [&'static str] {
    match standard {
        Standard::F21 => &F21,
        Standard::F43 => &F43,
    }
}

impl Style {
    /// The habits of a sender. The first senders get the plain form of each
    /// standard, so that a small sample looks as expected.
    pub fn new(seed: u64, sender: usize, standard: Standard) -> Self {
        let mut rng = Rng::new(&[seed, stream::STYLE, sender as u64]);
        let newest = versions(standard).len() - 1;
        let plain = Self {
            header: standard == Standard::F43,
            upper: standard == Standard::F43,
            suffix: false,
            folder: true,
            encoding: if standard == Standard::F43 {
                SampleEncoding::Utf8
            } else {
                SampleEncoding::Thai
            },
            crlf: true,
            last_end: true,
            trailing: false,
            blank_line: false,
            permuted: 0,
            alias: false,
            sparse: false,
            empty: if standard == Standard::F43 { Empty::Header } else { Empty::Word },
            extras: false,
            buddhist: standard == Standard::F21,
            version: newest,
        };
        if sender == 0 {
            return plain;
        }
        let header = rng.chance(0.5);
        let version = newest - rng.weighted([4, 2, 2, 1, 1].into_iter().take(newest + 1));
        Self {
            header,
            upper: rng.chance(0.5),
            suffix: rng.chance(0.3),
            folder: rng.chance(0.5),
            encoding: *rng.pick(&[
                SampleEncoding::Utf8,
                SampleEncoding::Utf8Mark,
                SampleEncoding::Thai,
            ]),
            crlf: rng.chance(0.7),
            last_end: rng.chance(0.7),
            // Without a header the number of columns tells the version, so
            // only those who write the newest may add an empty column.
            trailing: rng.chance(0.25) && (header || version == newest),
            blank_line: rng.chance(0.2),
            permuted: if header && rng.chance(0.4) { rng.next() | 1 } else { 0 },
            alias: rng.chance(0.4),
            sparse: header && rng.chance(0.3),
            empty: *rng.pick(&[Empty::Absent, Empty::Header, Empty::Word]),
            extras: rng.chance(0.3),
            buddhist: rng.chance(0.5),
            version,
        }
    }

    /// The columns that a sender writes of a file, in wire order; none when
    /// its program is older than the file.
    pub fn columns(&self, spec: &Spec, standard: Standard) -> Vec<usize> {
        let names = versions(standard);
        let versions = &spec.layout.versions;
        // Without a header the number of columns tells the version; where two
        // versions have as many, such a program would not be understood.
        let clear = |columns: usize| {
            self.header || versions.iter().filter(|v| v.columns.len() == columns).count() == 1
        };
        let known = versions.iter().rev().find(|version| {
            names.iter().position(|name| *name == version.name).is_some_and(|n| n <= self.version)
                && clear(version.columns.len())
        });
        let mut columns = known.map_or_else(Vec::new, |version| version.columns.clone());
        if self.sparse {
            columns.retain(|at| {
                let column = &spec.layout.columns[*at];
                column.required
                    || !column.checks.is_empty()
                    || spec.key.contains(at)
                    || spec.event == Some(*at)
                    || !matches!(column.name.as_str(), "SOISUB" | "SOIMAIN" | "ROOMNO" | "CONDO")
            });
        }
        if self.permuted != 0 && columns.len() > 2 {
            let mut rng = Rng::new(&[self.permuted, columns.len() as u64]);
            for at in (2..columns.len()).rev() {
                columns.swap(at, 1 + rng.at(at));
            }
        }
        columns
    }

    /// The header line of a file, without its end.
    pub fn header_line(&self, spec: &Spec, columns: &[usize]) -> String {
        let names: Vec<String> = columns
            .iter()
            .map(|at| {
                let column = &spec.layout.columns[*at];
                let name = match column.alias.first() {
                    Some(alias) if self.alias => alias,
                    _ => &column.name,
                };
                if self.upper { name.clone() } else { name.to_lowercase() }
            })
            .collect();
        names.join("|") + if self.trailing { "|" } else { "" }
    }

    /// The end of a line.
    pub fn end(&self) -> &'static str {
        if self.crlf { "\r\n" } else { "\n" }
    }

    /// A member's name in the archive.
    pub fn entry(&self, stem: &str, file: &str) -> String {
        let mut name = if self.upper { file.to_owned() } else { file.to_lowercase() };
        if self.suffix
            && let Some((_, unit_and_time)) = stem.split_once('_')
        {
            name = format!("{name}_{unit_and_time}");
        }
        if self.folder { format!("{stem}/{name}.txt") } else { format!("{name}.txt") }
    }

    /// A member's bytes from its lines, each with its end.
    pub fn bytes(&self, text: &str) -> Vec<u8> {
        let text = if self.last_end { text } else { text.trim_end_matches(['\r', '\n']) };
        match self.encoding {
            SampleEncoding::Utf8 => text.as_bytes().to_vec(),
            SampleEncoding::Utf8Mark => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            SampleEncoding::Thai => WINDOWS_874.encode(text).0.into_owned(),
        }
    }
}
