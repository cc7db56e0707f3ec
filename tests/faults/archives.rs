//! Archives by chance: sound ones, some that overlap with earlier ones, some
//! taken in part, some that nobody can read, second ones of a name.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::effort::Random;
use crate::support::parcel::{Parcel, broken};
use crate::support::site::{Site, UNIT_A, UNIT_B, UNIT_C, sha256};

/// An archive as it is sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub name: String,
    pub bytes: Vec<u8>,
    /// Its name may stand for more than one archive.
    pub plain: bool,
}

impl Sent {
    /// Name and hash tell archives apart.
    pub fn key(&self) -> (String, String) {
        (self.name.clone(), sha256(&self.bytes))
    }

    /// Lies in one place, and in one alone.
    pub fn assert_in_one_place(&self, places: &[(String, PathBuf)]) {
        let hash = sha256(&self.bytes);
        let of_it: Vec<_> = places.iter().filter(|(other, _)| *other == hash).collect();
        assert_eq!(of_it.len(), 1, "{}: {of_it:?}", self.name);
    }
}

/// Every file of the four places that an archive can be in, with its hash.
pub fn all_places(site: &Site) -> Vec<(String, PathBuf)> {
    let folders = ["inbox", "work", "accepted", "rejected"];
    let files = folders.into_iter().flat_map(|folder| site.files(folder));
    // The mark of a number that was promised lies beside its archive, or the
    // beginning of one.
    let marks = [".promised.json", "..promised.json.tmp"];
    files
        .filter(|path| !marks.iter().any(|mark| path.ends_with(mark)))
        .filter_map(|path| Some((sha256(&std::fs::read(site.at(&path)).ok()?), path)))
        .collect()
}

/// Makes archives; those of a unit are made in the order of their times.
pub struct Maker {
    made: u32,
    names: Vec<String>,
    hashes: BTreeSet<String>,
}

impl Maker {
    pub fn new() -> Self {
        Self { made: 0, names: Vec::new(), hashes: BTreeSet::new() }
    }

    /// One more, unlike all before it.
    pub fn make(&mut self, random: &mut Random) -> Sent {
        loop {
            self.made += 1;
            let sent = self.any(random);
            if self.hashes.insert(sha256(&sent.bytes)) {
                self.names.push(sent.name.clone());
                return sent;
            }
        }
    }

    fn any(&self, random: &mut Random) -> Sent {
        let unit = *random.pick(&[UNIT_A, UNIT_B, UNIT_C]);
        let (day, hour, minute) = (1 + self.made / 720, self.made / 60 % 12, self.made % 60);
        let name = format!("F43_{unit}_201401{day:02}{hour:02}{minute:02}00.zip");
        // Few persons in all, so that rows come again.
        let parcel = Parcel::new(unit, random.below(400) as u32, 1 + random.below(120) as u32);
        let plain = |bytes| Sent { name: name.clone(), bytes, plain: true };
        match random.below(10) {
            0 => plain(self.no_zip()),
            1 if !self.names.is_empty() => {
                // What it holds is of no account to those that come after it,
                // whose times are not told apart from its own.
                let name = random.pick(&self.names).clone();
                Sent { name, bytes: self.no_zip(), plain: false }
            }
            2 => {
                let name = format!("F43_{unit}_{}.zip", self.made);
                Sent { name, bytes: self.no_zip(), plain: false }
            }
            3 => plain(parcel.zip_in_part()),
            4 | 5 => plain(parcel.zip_without_persons()),
            _ => plain(parcel.zip()),
        }
    }

    fn no_zip(&self) -> Vec<u8> {
        let mut bytes = broken();
        bytes.extend(self.made.to_be_bytes());
        bytes
    }
}

/// Writes archives below a folder of the site's root, each in a folder of its
/// own: paths for `import`.
pub fn given(site: &Site, archives: &[Sent]) -> Vec<PathBuf> {
    let write = |(number, sent): (usize, &Sent)| {
        site.write(format!("given/{number}/{}", sent.name), &sent.bytes)
    };
    archives.iter().enumerate().map(write).collect()
}
