//! What an entry may be called.
//!
//! No name ever becomes a path here, but the archive may be opened elsewhere
//! by those who look into a complaint; and a name that two programs read in two
//! ways says that the archive was not made by an honest one.

use crate::archive::defect::{ArchiveDefect, ArchiveError};

/// Longest name in bytes; it also bounds what the scan keeps per entry.
pub(super) const NAME_BYTES: usize = 512;
/// Most folders above a member.
const DEPTH: usize = 2;
/// The folder that macOS adds, a mirror of the whole tree, so one level deeper.
const MAC_MIRROR: &str = "__MACOSX";
/// Endings of names that say "archive".
const ARCHIVE_ENDINGS: [&str; 20] = [
    "zip", "zipx", "7z", "rar", "gz", "tgz", "tar", "bz2", "tbz2", "xz", "txz", "zst", "lzma",
    "lz4", "cab", "jar", "arj", "lzh", "iso", "z",
];

/// A name that passed.
#[derive(Debug, Clone)]
pub(super) struct SafeName {
    /// The whole name for display.
    pub display: String,
    /// Its last component.
    pub base: String,
    /// Ends with a separator.
    pub is_dir: bool,
    /// Equal for names that some file system holds for one.
    pub key: Vec<u8>,
}

/// Text of a name: UTF-8, else Windows-874, without control characters.
pub(super) fn display(raw: &[u8]) -> String {
    let text = match std::str::from_utf8(raw) {
        Ok(text) => text.into(),
        Err(_) => encoding_rs::WINDOWS_874.decode_without_bom_handling(raw).0,
    };
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Validates the raw bytes of a name; `utf8` says that the entry promises UTF-8.
pub(super) fn validated_name(raw: &[u8], utf8: bool) -> Result<SafeName, ArchiveError> {
    let display = display(raw);
    let fault = |detail: &str| Err(ArchiveDefect::Path.at(&display, detail));
    let text = std::str::from_utf8(raw);
    if utf8 && text.is_err() {
        return fault("name is not the UTF-8 that its flag promises");
    }
    if raw.iter().any(u8::is_ascii_control)
        || text.is_ok_and(|text| text.chars().any(char::is_control))
    {
        return fault("control character in the name");
    }
    if raw.contains(&b':') {
        return fault("drive or stream in the name");
    }
    let whole = match raw {
        [rest @ .., last] if is_separator(*last) => rest,
        _ => raw,
    };
    let is_dir = whole.len() < raw.len();
    let parts = match components(whole) {
        Ok(parts) => parts,
        Err(detail) => return fault(detail),
    };
    let deepest = DEPTH
        + usize::from(!is_dir)
        + usize::from(parts.first().is_some_and(|top| is_mac_mirror(top)));
    if parts.len() > deepest {
        return fault("lies deeper than two folders");
    }
    let base = parts.last().map(|part| self::display(part)).unwrap_or_default();
    if !is_dir && is_archive(&base) {
        return Err(ArchiveDefect::Nested.at(&display, "an archive within the archive"));
    }
    let key = fold(&parts.join(&b'/'));
    Ok(SafeName { display, base, is_dir, key })
}

/// Whether a component of a name is the folder that macOS adds.
fn is_mac_mirror(part: &[u8]) -> bool {
    part.eq_ignore_ascii_case(MAC_MIRROR.as_bytes())
}

/// Whether a name lies in the folder that macOS adds: what is there is about
/// files, and none of them.
pub(super) fn is_in_mac_mirror(name: &str) -> bool {
    split(name.as_bytes()).any(is_mac_mirror)
}

/// What stands between folders. Programs of old Windows libraries write a
/// backslash, and unzip programs read it as a separator, so that the rules for
/// paths hold for it too.
fn is_separator(byte: u8) -> bool {
    matches!(byte, b'/' | b'\\')
}

fn split(raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    raw.split(|byte| is_separator(*byte))
}

/// The components of a name, `.` left out because it names nothing.
fn components(raw: &[u8]) -> Result<Vec<&[u8]>, &'static str> {
    let mut parts = Vec::new();
    for (index, part) in split(raw).enumerate() {
        let bare = part.iter().rposition(|byte| !matches!(byte, b'.' | b' '));
        match (bare, part) {
            (_, b"") if index == 0 => return Err("absolute or empty name"),
            (_, b"") => return Err("empty folder in the name"),
            (None, b".") => {}
            // Some systems drop dots and spaces at the end, so ".. " climbs too.
            (None, _) => return Err("climbing or nameless component"),
            (Some(_), _) => parts.push(part),
        }
    }
    Ok(parts)
}

/// One spelling for all names that differ only in case.
fn fold(raw: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(raw) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => raw.to_ascii_lowercase(),
    }
}

fn is_archive(base: &str) -> bool {
    base.rsplit_once('.').is_some_and(|(_, ending)| {
        let ending = ending.trim_end();
        ARCHIVE_ENDINGS.iter().any(|known| known.eq_ignore_ascii_case(ending))
    })
}

/// Whether two spellings of one name, the second in UTF-8, may be the same:
/// every ASCII component is equal, and the others are non-ASCII in both. The
/// code page of the first is not on record, so more cannot be asked; a member
/// of the standard is ASCII and so means one thing only.
pub(super) fn same_name(raw: &[u8], unicode: &[u8]) -> bool {
    let mut ours = split(raw);
    let mut theirs = split(unicode);
    loop {
        match (ours.next(), theirs.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || !(a.is_ascii() || b.is_ascii()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_names_pass() {
        for (name, base, key) in [
            ("PERSON.txt", "PERSON.txt", "person.txt"),
            ("./Person.TXT", "Person.TXT", "person.txt"),
            ("a/b/PERSON.txt", "PERSON.txt", "a/b/person.txt"),
            ("__MACOSX/a/b/._PERSON.txt", "._PERSON.txt", "__macosx/a/b/._person.txt"),
            ("__macosx/a/b/._PERSON.txt", "._PERSON.txt", "__macosx/a/b/._person.txt"),
            ("a/b/", "b", "a/b"),
            ("ข้อมูล/SERVICE.txt", "SERVICE.txt", "ข้อมูล/service.txt"),
            ("a..b.txt", "a..b.txt", "a..b.txt"),
            ("./", "", ""),
            ("a\\PERSON.txt", "PERSON.txt", "a/person.txt"),
            ("a\\b/PERSON.txt", "PERSON.txt", "a/b/person.txt"),
            (".\\PERSON.txt", "PERSON.txt", "person.txt"),
            ("F43_10953_20141201080000\\", "F43_10953_20141201080000", "f43_10953_20141201080000"),
        ] {
            let safe = validated_name(name.as_bytes(), true).unwrap();
            assert_eq!((safe.base.as_str(), safe.key.as_slice()), (base, key.as_bytes()), "{name}");
            assert_eq!(safe.is_dir, name.ends_with(['/', '\\']), "{name}");
        }
        let tis = validated_name(b"\xa2\xe9\xcd.txt", false).unwrap();
        assert_eq!(tis.display, "ข้อ.txt");
    }

    #[test]
    fn names_that_trick_are_refused() {
        for name in [
            "",
            "/",
            "/etc/passwd",
            "//host/x.txt",
            "../x.txt",
            "a/../x.txt",
            "a/..",
            ".. /x.txt",
            "a//x.txt",
            "C:x.txt",
            "c:/x.txt",
            "\\",
            "\\x.txt",
            "\\\\host\\x.txt",
            "/\\x.txt",
            "..\\x.txt",
            "a\\..\\x.txt",
            "a\\.. \\x.txt",
            "a\\../x.txt",
            "a\\\\x.txt",
            "a/\\x.txt",
            "a\\/",
            "C:\\x.txt",
            "C:\\",
            "a\\b\\c\\x.txt",
            "a\\b/c\\",
            "x\0.txt",
            "x\n.txt",
            "x\u{7f}.txt",
            "x\u{85}.txt",
            "a/b/c/x.txt",
            "a/b/c/",
            "x.txt::$DATA",
            "...",
        ] {
            assert_eq!(
                validated_name(name.as_bytes(), true).unwrap_err().flaw,
                ArchiveDefect::Path,
                "{name:?}"
            );
        }
        assert_eq!(validated_name(b"\xff.txt", true).unwrap_err().flaw, ArchiveDefect::Path);
        for name in ["x.zip", "a/x.TAR.gz", "x.7z", "x.rar "] {
            assert_eq!(
                validated_name(name.as_bytes(), true).unwrap_err().flaw,
                ArchiveDefect::Nested,
                "{name:?}"
            );
        }
    }

    #[test]
    fn a_second_spelling_must_agree() {
        assert!(same_name(b"\xa1/PERSON.txt", "ก/PERSON.txt".as_bytes()));
        assert!(!same_name(b"\xa1/PERSON.txt", "ก/SERVICE.txt".as_bytes()));
        assert!(!same_name(b"PERSON.txt", "ก.txt".as_bytes()));
        assert!(!same_name(b"\xa1/PERSON.txt", b"PERSON.txt"));
    }
}
