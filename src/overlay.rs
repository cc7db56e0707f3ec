//! The files that the program ships, and a province's own files over them.
//!
//! A province keeps all of its own in one place, `DATA/config/KIND/`. Files of
//! earlier versions in `DATA/KIND/` are still read; [`Overlay::notes`] says so,
//! and which file is used when one name is in both.

use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};

use crate::text::{Bilingual, message_with};

/// What is known about data: records, codes, queries, migrations.
pub static SCHEMA: Dir = include_dir!("$CARGO_MANIFEST_DIR/schema");

/// What is chosen: rulebooks, indicators, reports, defaults.
pub static CONFIG: Dir = include_dir!("$CARGO_MANIFEST_DIR/config");

/// The folder below the data folder with everything of a province's own.
pub const PLACE: &str = "config";

/// A kind of file that a province may have of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OverlayKind {
    /// Name of its folder.
    pub name: &'static str,
    /// Folder below the data folder where earlier versions looked, if they did.
    old: Option<&'static str>,
    /// Endings of its files, without the dot.
    endings: &'static [&'static str],
    /// Folders inside it that are read too.
    inner: &'static [&'static str],
    /// Whether `config/KIND` of the working directory is read, below the
    /// province's own.
    beside: bool,
}

/// Code lists, `NAME.csv`.
pub const CODES: OverlayKind =
    OverlayKind { name: "codes", old: Some("codes"), endings: &["csv"], inner: &[], beside: false };

/// Rules of audits, `ID.toml` and `ID.sql`, blocks of SQL, lists, and what
/// letters about cases say.
pub const AUDIT: OverlayKind = OverlayKind {
    name: "audit",
    old: None,
    endings: &["toml", "sql", "csv"],
    inner: &["blocks", "letters", "tables"],
    beside: false,
};

/// Indicators, `ID.toml` and `ID.sql`, and blocks of SQL.
pub const KPI: OverlayKind = OverlayKind {
    name: "kpi",
    old: Some("kpi"),
    endings: &["toml", "sql"],
    inner: &["blocks"],
    beside: false,
};

/// Layouts of reports, `NAME.toml`.
pub const REPORTS: OverlayKind = OverlayKind {
    name: "reports",
    old: Some("reports"),
    endings: &["toml"],
    inner: &[],
    beside: false,
};

/// Layouts of what comes back from destinations, `NAME.toml`.
pub const REP: OverlayKind =
    OverlayKind { name: "rep", old: None, endings: &["toml"], inner: &[], beside: false };

/// Rulebooks, `ROUND.toml`.
pub const RULEBOOKS: OverlayKind =
    OverlayKind { name: "rulebooks", old: None, endings: &["toml"], inner: &[], beside: true };

/// Every kind.
pub const KINDS: &[OverlayKind] = &[AUDIT, CODES, KPI, REP, REPORTS, RULEBOOKS];

/// A province's own files of one kind.
#[derive(Debug, Clone)]
pub struct Overlay {
    kind: OverlayKind,
    /// Where they belong.
    place: PathBuf,
    /// Where earlier versions looked.
    old: Option<PathBuf>,
    /// Read below both.
    beside: Option<PathBuf>,
}

impl Overlay {
    /// The files of a kind in a data folder.
    pub fn new(data: &Path, kind: OverlayKind) -> Self {
        Self {
            kind,
            place: data.join(PLACE).join(kind.name),
            old: kind.old.map(|old| data.join(old)),
            beside: (kind.beside && crate::files::may_look_around())
                .then(|| Path::new(PLACE).join(kind.name)),
        }
    }

    /// The code lists in a data folder; `old` is the folder that the key
    /// `codes` of the configuration names, relative to the data folder.
    pub fn codes(data: &Path, old: &Path) -> Self {
        let mut overlay = Self::new(data, CODES);
        overlay.old = Some(data.join(old)).filter(|old| *old != overlay.place);
        overlay
    }

    /// The files of a kind in one folder and nowhere else.
    pub fn folder(place: &Path, kind: OverlayKind) -> Self {
        Self { kind, place: place.to_owned(), old: None, beside: None }
    }

    /// All overlays of a data folder.
    pub fn all(data: &Path, codes: &Path) -> Vec<Self> {
        let one = |kind: &OverlayKind| match *kind {
            CODES => Self::codes(data, codes),
            kind => Self::new(data, kind),
        };
        KINDS.iter().map(one).collect()
    }

    /// Every file by its name below its folder, those that give way to others
    /// first. Fails when a folder is there and cannot be read.
    ///
    /// # Errors
    /// Fails if a folder is there and cannot be read.
    pub fn files(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let mut files = Vec::new();
        for place in [&self.beside, &self.old, &Some(self.place.clone())].into_iter().flatten() {
            files.extend(self.inside(place)?);
        }
        Ok(files)
    }

    /// The file of a name that is in force, if the province has one.
    ///
    /// # Errors
    /// Fails if a folder or a name in it cannot be looked at.
    pub fn find(&self, name: &str) -> io::Result<Option<PathBuf>> {
        let all = self.files()?;
        Ok(all.into_iter().rev().find(|(have, _)| have == name).map(|(_, path)| path))
    }

    /// What to say about files in the old place, in the log and in `config check`.
    ///
    /// # Errors
    /// Fails if a folder or a name in it cannot be looked at.
    pub fn notes(&self) -> io::Result<Vec<Bilingual>> {
        let Some(old) = &self.old else { return Ok(Vec::new()) };
        let left = self.inside(old)?;
        if left.is_empty() {
            return Ok(Vec::new());
        }
        let (from, to) = (old.display(), self.place.display());
        let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        let values: [(&str, &dyn Display); 3] = [("from", &from), ("to", &to), ("names", &names)];
        let mut notes = vec![message_with("overlay.old_place", &values)];
        let new = self.inside(&self.place)?;
        for (name, _) in &left {
            if new.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)) {
                let values: [(&str, &dyn Display); 3] =
                    [("name", name), ("to", &to), ("from", &from)];
                notes.push(message_with("overlay.in_both", &values));
            }
        }
        Ok(notes)
    }

    /// The files of a place by name, in the order of their names.
    fn inside(&self, place: &Path) -> io::Result<Vec<(String, PathBuf)>> {
        let mut files = read(place, "", self.kind.endings)?;
        for inner in self.kind.inner {
            files.extend(read(&place.join(inner), &format!("{inner}/"), self.kind.endings)?);
        }
        files.sort();
        Ok(files)
    }
}

/// The files of a folder that end in one of `endings`; none when there is no
/// folder. Hidden files are left alone: systems put their own there.
fn read(folder: &Path, before: &str, endings: &[&str]) -> io::Result<Vec<(String, PathBuf)>> {
    let failed =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
    let entries = match folder.read_dir() {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let ending = path.extension().unwrap_or_default();
        // `EPI_AGE.TOML` is one, too: whoever asks knows one spelling of endings.
        let known = endings.iter().find(|known| ending.eq_ignore_ascii_case(known));
        if let Some(known) = known.filter(|_| !stem.starts_with('.')) {
            files.push((format!("{before}{stem}.{known}"), path));
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn province(files: &[&str]) -> tempfile::TempDir {
        let data = tempfile::tempdir().unwrap();
        for file in files {
            let path = data.path().join(file);
            crate::files::make_folder(path.parent().unwrap(), 0o700).unwrap();
            crate::files::write_whole(&path, b"").unwrap();
        }
        data
    }

    fn names(overlay: &Overlay) -> Vec<String> {
        overlay.files().unwrap().into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn the_new_place_is_read_and_nothing_is_said() {
        let data = province(&["config/kpi/a.toml", "config/kpi/blocks/b.sql", "config/kpi/c.txt"]);
        let overlay = Overlay::new(data.path(), KPI);
        assert_eq!(names(&overlay), ["a.toml", "blocks/b.sql"]);
        assert_eq!(overlay.notes().unwrap(), []);
    }

    #[test]
    fn the_old_place_is_read_and_said_to_be_old() {
        for (kind, file) in
            [(CODES, "codes/x.csv"), (KPI, "kpi/x.sql"), (REPORTS, "reports/x.toml")]
        {
            let data = province(&[file]);
            let overlay = Overlay::new(data.path(), kind);
            assert_eq!(names(&overlay).len(), 1, "{file}");
            let notes = overlay.notes().unwrap();
            assert_eq!(notes.len(), 1, "{file}");
            let place = data.path().join("config").join(kind.name);
            for text in [&notes[0].th, &notes[0].en] {
                assert!(text.contains(&place.display().to_string()), "{text}");
            }
        }
    }

    #[test]
    fn of_one_name_in_both_places_the_new_one_wins_and_it_is_said() {
        let data = province(&["reports/x.toml", "reports/y.toml", "config/reports/x.toml"]);
        let overlay = Overlay::new(data.path(), REPORTS);
        let found = overlay.find("x.toml").unwrap().unwrap();
        assert_eq!(found, data.path().join("config/reports/x.toml"));
        assert_eq!(names(&overlay), ["x.toml", "y.toml", "x.toml"], "what wins comes last");
        let notes = overlay.notes().unwrap();
        assert_eq!(notes.len(), 2);
        assert!(notes[1].en.contains("x.toml") && !notes[1].en.contains("y.toml"), "{notes:?}");
    }

    #[test]
    fn the_folder_of_code_lists_that_is_configured_is_an_old_place() {
        let data = province(&["lists/x.csv", "config/codes/X.CSV"]);
        let overlay = Overlay::codes(data.path(), Path::new("lists"));
        assert_eq!(names(&overlay), ["x.csv", "X.csv"]);
        assert_eq!(overlay.notes().unwrap().len(), 2);
        let same = Overlay::codes(data.path(), Path::new("config/codes"));
        assert_eq!(same.notes().unwrap(), []);
        assert_eq!(names(&same), ["X.csv"], "a place is not read twice");
    }

    #[test]
    fn hidden_files_are_left_alone_and_a_folder_that_is_none_is_told() {
        let data = province(&["config/kpi/._a.toml", "kpi"]);
        let error = Overlay::new(data.path(), KPI).files().unwrap_err();
        assert!(error.to_string().contains("kpi"), "{error}");
        let only = Overlay::folder(&data.path().join("config/kpi"), KPI);
        assert_eq!(names(&only), Vec::<String>::new());
    }
}
