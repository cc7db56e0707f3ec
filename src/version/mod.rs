//! Fingerprint of the program: what another build has counted and cached is
//! discarded, released or not.

#[cfg(test)]
mod sources;

/// The version of the program, and a digest of every source file that can change
/// a number: code, dependencies, schema and configuration as shipped.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " ", env!("KHLANG_SOURCES"));

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::BUILD;
    use super::sources::{SOURCES, fingerprint};
    use crate::files::write_whole;

    /// Copies a folder or a file; gives the files that were copied.
    fn copy(from: &Path, to: &Path) -> Vec<PathBuf> {
        if !from.is_dir() {
            fs::copy(from, to).unwrap();
            return vec![to.to_owned()];
        }
        fs::create_dir(to).unwrap();
        let entries = fs::read_dir(from).unwrap().map(|entry| entry.unwrap().file_name());
        entries.flat_map(|name| copy(&from.join(&name), &to.join(&name))).collect()
    }

    #[test]
    fn the_program_bears_the_fingerprint_of_its_sources() {
        let own = fingerprint(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert_eq!(BUILD, format!("{} {own}", env!("CARGO_PKG_VERSION")));
    }

    #[test]
    fn one_byte_anywhere_in_the_sources_changes_the_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for source in SOURCES {
            files.extend(copy(&root.join(source), &folder.path().join(source)));
        }
        files.sort();
        assert!(files.len() > 500, "{}", files.len());
        let whole = fingerprint(folder.path()).unwrap();
        assert_eq!(whole, fingerprint(root).unwrap(), "where it lies does not count");
        // Some of every folder and kind: each takes a full round.
        for (at, path) in files.iter().step_by(files.len() / 24).enumerate() {
            let before = fs::read(path).unwrap();
            let mut after = before.clone();
            match at % 3 {
                0 => after.push(b'\n'),
                1 => after.insert(0, b' '),
                _ if after.is_empty() => after.push(0),
                _ => {
                    let middle = after.len() / 2;
                    after[middle] ^= 1;
                }
            }
            write_whole(path, &after).unwrap();
            assert_ne!(fingerprint(folder.path()).unwrap(), whole, "{}", path.display());
            write_whole(path, &before).unwrap();
        }
        let (last, renamed) = (&files[files.len() - 1], folder.path().join("src/another.rs"));
        fs::rename(last, &renamed).unwrap();
        assert_ne!(fingerprint(folder.path()).unwrap(), whole, "another path");
        fs::rename(&renamed, last).unwrap();
        let empty = Path::new("src/empty.rs");
        write_whole(&folder.path().join(empty), b"").unwrap();
        assert_ne!(fingerprint(folder.path()).unwrap(), whole, "a new file");
        fs::remove_file(folder.path().join(empty)).unwrap();
        assert_eq!(fingerprint(folder.path()).unwrap(), whole);
    }
}
