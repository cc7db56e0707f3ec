//! Finds rulebooks: the province's own override those that are shipped.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::book::{Rulebook, RulebookError};
use crate::clock::round_of;
use crate::overlay::{CONFIG, Overlay, RULEBOOKS};

/// Folder of the shipped rulebooks below `config/`.
const FOLDER: &str = "rulebooks";

/// Folder of rulebooks, as named in errors.
const OWN: &str = "config/rulebooks";

/// All rulebooks in force: those of `DATA/config/rulebooks` over those of
/// `config/rulebooks` over the shipped ones.
#[derive(Debug, Clone)]
pub struct Rulebooks {
    own: Overlay,
}

impl Rulebooks {
    /// The rulebooks of a data folder.
    pub fn open(data: &Path) -> Self {
        Self { own: Overlay::new(data, RULEBOOKS) }
    }

    /// The rulebook of a round, B.E.
    ///
    /// # Errors
    /// Fails if there is no rulebook of the round, or it cannot be read or is wrong.
    pub fn rulebook(&self, round: i32) -> Result<Rulebook, RulebookError> {
        let name = format!("{round}.toml");
        let own = self.own.find(&name);
        let own = own.map_err(|e| RulebookError { file: OWN.to_owned(), what: e.to_string() })?;
        if let Some(path) = own {
            return of_round(round, read(&path)?);
        }
        let Some(file) = CONFIG.get_file(format!("{FOLDER}/{name}")) else {
            let known: Vec<String> = self.rounds().keys().map(ToString::to_string).collect();
            return Err(RulebookError {
                file: format!("{OWN}/{name}"),
                what: format!("there is none; known rounds: {}", known.join(", ")),
            });
        };
        let text = file.contents_utf8().unwrap_or_default();
        of_round(round, Rulebook::parse(&format!("{OWN}/{name}"), text)?)
    }

    /// Every round with a rulebook, and where that lies (none: shipped).
    pub fn rounds(&self) -> BTreeMap<i32, Option<PathBuf>> {
        let shipped = CONFIG.get_dir(FOLDER).into_iter().flat_map(include_dir::Dir::files);
        let mut rounds: BTreeMap<i32, Option<PathBuf>> =
            shipped.filter_map(|file| Some((round_of_file(file.path())?, None))).collect();
        // What cannot be read is told when a rulebook is asked for.
        for (_, path) in self.own.files().unwrap_or_default() {
            if let Some(round) = round_of_file(&path) {
                rounds.insert(round, Some(path));
            }
        }
        rounds
    }

    /// The round of a day: that in whose window it lies, else the year from July
    /// on, which rounds have had so far.
    pub fn round_of(&self, day: NaiveDate) -> i32 {
        let usual = round_of(day);
        // A round that begins or ends at another time has a neighbouring name.
        let mut near = [usual, usual - 1, usual + 1].into_iter();
        let has_day = |round: &i32| {
            self.rulebook(*round).is_ok_and(|book| book.window.from <= day && day <= book.window.to)
        };
        near.find(has_day).unwrap_or(usual)
    }

    /// Every rulebook in force.
    ///
    /// # Errors
    /// The first rulebook that cannot be read or is wrong.
    pub fn all(&self) -> Result<Vec<Rulebook>, RulebookError> {
        self.rounds().into_keys().map(|round| self.rulebook(round)).collect()
    }
}

/// Reads a rulebook from a file in any folder.
///
/// # Errors
/// Fails if the file cannot be read or is wrong.
pub fn read(path: &Path) -> Result<Rulebook, RulebookError> {
    let file = path.display().to_string();
    let text = crate::files::read_plain(path)
        .map_err(|error| RulebookError { file: file.clone(), what: error.to_string() })?;
    Rulebook::parse(&file, &text)
}

/// Refuses a rulebook whose file name is not its round, because rulebooks are found
/// by file name.
fn of_round(round: i32, book: Rulebook) -> Result<Rulebook, RulebookError> {
    if book.round == round {
        return Ok(book);
    }
    let what = format!("round: is {}, but the name of the file says {round}", book.round);
    Err(RulebookError { file: book.file, what })
}

fn round_of_file(path: &Path) -> Option<i32> {
    let toml = path.extension().is_some_and(|extension| extension == "toml");
    path.file_stem().filter(|_| toml)?.to_str()?.parse().ok()
}
