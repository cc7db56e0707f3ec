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

    /// Copies a folder or a file.
    fn copy(from: &Path, to: &Path) {
        if !from.is_dir() {
            fs::copy(from, to).unwrap();
            return;
        }
        fs::create_dir(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let name = entry.unwrap().file_name();
            copy(&from.join(&name), &to.join(&name));
        }
    }

    /// Every file below a folder.
    fn list(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { list(&path, files) } else { files.push(path) }
        }
    }

    #[test]
    fn the_program_bears_its_version_and_a_fingerprint() {
        let (version, sources) = BUILD.split_once(' ').unwrap();
        assert_eq!(version, env!("CARGO_PKG_VERSION"));
        assert!(sources.len() == 64 && sources.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn one_byte_anywhere_in_the_sources_changes_the_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let (elsewhere, root) = (folder.path().join("elsewhere"), folder.path().join("here"));
        fs::create_dir(&elsewhere).unwrap();
        let mut files = Vec::new();
        for source in SOURCES {
            let own = Path::new(env!("CARGO_MANIFEST_DIR")).join(source);
            copy(&own, &elsewhere.join(source));
        }
        let whole = fingerprint(&elsewhere).unwrap();
        fs::rename(&elsewhere, &root).unwrap();
        assert_eq!(fingerprint(&root).unwrap(), whole, "where it lies does not count");
        list(&root, &mut files);
        files.sort();
        assert!(files.len() > 500, "{}", files.len());
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
            assert_ne!(fingerprint(&root).unwrap(), whole, "{}", path.display());
            write_whole(path, &before).unwrap();
        }
        let (last, renamed) = (&files[files.len() - 1], root.join("src/another.rs"));
        fs::rename(last, &renamed).unwrap();
        assert_ne!(fingerprint(&root).unwrap(), whole, "another path");
        fs::rename(&renamed, last).unwrap();
        let empty = Path::new("src/empty.rs");
        write_whole(&root.join(empty), b"").unwrap();
        assert_ne!(fingerprint(&root).unwrap(), whole, "a new file");
        fs::remove_file(root.join(empty)).unwrap();
        assert_eq!(fingerprint(&root).unwrap(), whole);
    }
}
