//! Archives that have a number and are not loaded yet.

use std::fs;
use std::io;

use super::folders::Folders;
use super::uploads::MARK;
use crate::files::is_there;
use crate::store::StoreError;

/// Numbers that were given to archives whose rows are not stored yet: those in
/// `work/`, and uploads that wait in the inbox. In order. `is_loaded` tells
/// whether a submission is committed.
///
/// # Errors
/// Errors of the file system, and of asking the database.
pub fn under_way(
    folders: &Folders,
    is_loaded: impl Fn(i64) -> Result<bool, StoreError>,
) -> Result<Vec<i64>, StoreError> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folders.work())? {
        let folder = entry?.path();
        let id = folder.file_name().and_then(|name| name.to_str()?.parse::<i64>().ok());
        let Some(id) = id else { continue };
        if holds_archive(folders, &folder)? && !is_loaded(id)? {
            numbers.push(id);
        }
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Whether a numbered folder has an archive, or one waits in the inbox that it
/// was promised to. A promise whose archive never came holds up nobody.
fn holds_archive(folders: &Folders, folder: &std::path::Path) -> io::Result<bool> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        other => other?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == MARK) {
            let mark: Option<serde_json::Value> =
                fs::read(&path).ok().and_then(|mark| serde_json::from_slice(&mark).ok());
            let name = mark.as_ref().and_then(|mark| mark["name"].as_str());
            if let Some(name) = name
                && is_there(&folders.inbox().join(name))?
            {
                return Ok(true);
            }
        } else {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_that_are_claimed_or_promised_and_not_loaded_are_under_way() {
        let folder = tempfile::tempdir().unwrap();
        let folders = Folders::new(folder.path());
        folders.create().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            io::Write::write_all(&mut fs::File::create(path).unwrap(), text.as_bytes()).unwrap();
        };
        let promise = |name: &str| format!("{{\"name\": \"{name}\", \"file\": 1}}");
        put("work/3/a.zip", "");
        put("work/4/b.zip", "");
        put("work/5/.promised.json", &promise("waits.zip"));
        put("inbox/waits.zip", "");
        put("work/6/.promised.json", &promise("never-came.zip"));
        put("work/12/c.zip", "");
        fs::create_dir(folders.work().join("9")).unwrap();
        put("work/other/d.zip", "");
        let loaded = |id: i64| Ok(id == 3);
        assert_eq!(under_way(&folders, loaded).unwrap(), [4, 5, 12]);
    }
}
