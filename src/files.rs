//! Files for others: they appear whole or not at all (invariant 8), and an
//! archive is only ever renamed (invariant 3).

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::text::text;

/// An error of the system with the file or folder that it is about.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {cause}")]
pub struct FileError {
    what: String,
    cause: io::Error,
}

impl FileError {
    /// Makes the error out of what the system said of a file or folder.
    pub fn about(what: impl std::fmt::Display) -> impl FnOnce(io::Error) -> Self {
        let what = what.to_string();
        move |cause| Self { what, cause }
    }
}

/// Writes a file under a temporary name, makes it durable, and renames it.
///
/// # Errors
/// Errors of the file system, such as a full disk or a folder that may not be written.
/// The file that was there stays.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A bare name lies in the folder that the program runs in.
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    write_together(folder, &[(name, bytes)], || ())
}

/// The same, for a file that only the service may read.
///
/// # Errors
/// Errors of the file system, such as a full disk or a folder that may not be written.
/// The file that was there stays.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    write_in(folder, &[(name, bytes)], 0o600, || ())
}

/// Opens a file that somebody named, and nothing that only looks like one: a
/// pipe would be waited for, a device read for ever.
///
/// # Errors
/// Errors of the file system, and a path that is no plain file.
pub fn open_plain(path: &Path) -> io::Result<File> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(nonblocking).open(path)?;
    if !file.metadata()?.is_file() {
        let what = text("files.no_plain_file").both();
        return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
    }
    Ok(file)
}

/// The text of a file that somebody named.
///
/// # Errors
/// As [`open_plain`], and a text that is not UTF-8.
pub fn read_plain(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    open_plain(path)?.read_to_string(&mut text)?;
    Ok(text)
}

/// Whether something has this name. What cannot be looked at is an error, not
/// "no": whoever takes it for gone writes over it, or goes on without it.
///
/// # Errors
/// Errors of the file system.
pub fn is_there(path: &Path) -> io::Result<bool> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether the working directory may be looked into. Who runs a command as
/// another user often stands in a folder that is closed to that user; nothing
/// there is meant for them.
pub fn may_look_around() -> bool {
    let closed = |error: io::Error| error.kind() == io::ErrorKind::PermissionDenied;
    !Path::new("config").symlink_metadata().is_err_and(closed)
}

/// Space that is left for us where a folder lies, in bytes.
///
/// # Errors
/// Errors of the file system.
pub fn free_bytes(folder: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Writes files of one folder, each whole, in the order given. `each` is told
/// after every file but is not to fail: what was renamed stays.
///
/// # Errors
/// Errors of the file system, such as a full disk or a folder that may not be written.
/// The file that was there stays.
pub fn write_together(
    folder: &Path,
    files: &[(String, &[u8])],
    each: impl FnMut(),
) -> io::Result<()> {
    write_in(folder, files, 0o640, each)
}

fn write_in(
    folder: &Path,
    files: &[(String, &[u8])],
    mode: u32,
    mut each: impl FnMut(),
) -> io::Result<()> {
    let temporary = |name: &str| folder.join(format!(".{name}.tmp"));
    for (name, bytes) in files {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(temporary(name))?;
        // Asked for outright, because the umask has taken from it.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
    }
    for (name, _) in files {
        fs::rename(temporary(name), folder.join(name))?;
        each();
    }
    sync_folder(folder)
}

/// Makes renames in a folder durable.
///
/// # Errors
/// Fails if the folder cannot be opened, or the disk reports an error.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Renames a file and makes it durable on both sides. An existing file is
/// never replaced.
///
/// # Errors
/// Fails if the new name is taken, the file is gone, or the disk reports an error.
pub fn rename_durably(from: &Path, to: &Path) -> io::Result<()> {
    match to.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // It may be there for all we know.
        Err(error) => return Err(error),
        Ok(_) => {
            let what = format!("{} is there already", to.display());
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
        }
    }
    fs::rename(from, to)?;
    let (to, from) = (to.parent(), from.parent());
    for folder in [to, from.filter(|_| from != to)].into_iter().flatten() {
        sync_folder(folder)?;
    }
    Ok(())
}

/// Makes a folder, and those above it that are missing, with a mode. They are
/// as durable as what is put into them.
///
/// # Errors
/// Errors of the file system, such as a full disk or a folder that may not be written.
pub fn make_folder(path: &Path, mode: u32) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
        make_folder(above, mode)?;
    }
    match fs::create_dir(path) {
        // Another process was quicker.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        done => done?,
    }
    // Asked for outright, because the umask has taken from it.
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    sync_folder(path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}

/// Makes a file readable by the service alone.
///
/// # Errors
/// Fails if the file is not ours, or is gone.
pub fn make_private(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

/// One digest of several texts; where one ends and the next begins counts.
pub fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize())
}

/// Bytes as hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_rename_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        write_whole(&a, b"one").unwrap();
        write_whole(&b, b"two").unwrap();
        assert_eq!(rename_durably(&a, &b).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&b).unwrap(), b"two");
    }
}
