//! Why a file of the inbox cannot be taken, found out before it is touched,
//! and what to do about it, in both languages.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Access, Mode, OFlags, access, open};
use rustix::process::geteuid;

use crate::text::{Bilingual, message_with};

/// Only the owner of a file, or of its folder, may take it out.
const STICKY: u32 = 0o1000;

/// What keeps the service from a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It may not read the file.
    Read,
    /// It may not take files out of the folder that the file lies in.
    Take,
    /// It may not look into a folder of the inbox.
    Look,
    /// Trouble of ours; the text says which.
    Trouble,
}

/// Why a file, or a folder of the inbox, cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// The kind.
    pub reason: Reason,
    /// Who owns what is in the way, `user:group`.
    pub owner: String,
    /// Its mode, octal, e.g. `0640`.
    pub mode: String,
    /// What the system said.
    pub said: String,
}

impl Obstacle {
    /// Something in the way, as it is now.
    pub fn new(reason: Reason, at: &Path, said: String) -> Self {
        let meta = at.symlink_metadata();
        let owner = meta.as_ref().map_or_else(|_| "?".to_owned(), owner);
        let mode = meta.map_or(0, |meta| meta.permissions().mode() & 0o7777);
        Self { reason, owner, mode: format!("{mode:04o}"), said }
    }

    /// What to do, in both languages.
    pub fn message(&self) -> Bilingual {
        let key = match self.reason {
            Reason::Read => "inbox.may_not_read",
            Reason::Take => "inbox.may_not_take",
            Reason::Look => "inbox.may_not_look",
            Reason::Trouble => {
                return message_with("inbox.cannot_be_taken", &[("said", &self.said)]);
            }
        };
        let me = me();
        message_with(key, &[("owner", &self.owner), ("mode", &self.mode), ("me", &me)])
    }
}

/// What keeps us from taking a file. Nothing is changed by asking.
pub fn obstacle(path: &Path, meta: &Metadata) -> Option<Obstacle> {
    // Nothing is followed, and a pipe that was put there keeps nobody waiting.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if let Err(error) = open(path, flags, Mode::empty()) {
        let error = io::Error::from(error);
        let reason = match error.kind() {
            // It is looked at again when it is claimed.
            ErrorKind::NotFound => return None,
            ErrorKind::PermissionDenied => Reason::Read,
            _ => Reason::Trouble,
        };
        return Some(Obstacle::new(reason, path, error.to_string()));
    }
    let folder = path.parent()?;
    if access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err() || sticks(folder, meta) {
        let said = "the folder lets nothing be taken out".to_owned();
        return Some(Obstacle::new(Reason::Take, folder, said));
    }
    None
}

/// Whether a folder keeps what others own.
fn sticks(folder: &Path, file: &Metadata) -> bool {
    let me = geteuid().as_raw();
    me != 0
        && file.uid() != me
        && folder.metadata().is_ok_and(|folder| folder.mode() & STICKY != 0 && folder.uid() != me)
}

/// The user whom the service runs as.
fn me() -> String {
    name_of("/etc/passwd", geteuid().as_raw())
}

/// `user:group` of a file.
fn owner(meta: &Metadata) -> String {
    format!("{}:{}", name_of("/etc/passwd", meta.uid()), name_of("/etc/group", meta.gid()))
}

/// The name of a number in a list of users or groups, else the number.
fn name_of(list: &str, number: u32) -> String {
    let list = fs::read_to_string(list).unwrap_or_default();
    named(&list, number).map_or_else(|| number.to_string(), str::to_owned)
}

fn named(list: &str, number: u32) -> Option<&str> {
    let number = number.to_string();
    list.lines().find_map(|line| {
        let mut parts = line.split(':');
        let name = parts.next()?;
        (parts.nth(1)? == number).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_names_that_the_system_gives_them() {
        let list = "root:x:0:0::/root:/bin/sh\nhos10670:x:1004:100::/srv:\nbroken\n";
        assert_eq!(named(list, 1004), Some("hos10670"));
        assert_eq!(named(list, 0), Some("root"));
        assert_eq!(named(list, 100), None);
    }

    #[test]
    fn what_to_do_names_owner_and_mode_in_both_languages() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1750)).unwrap();
        for reason in [Reason::Read, Reason::Take, Reason::Look] {
            let found = Obstacle::new(reason, folder.path(), String::new());
            let told = found.message();
            for text in [told.th, told.en] {
                assert!(text.contains("1750") && text.contains(&found.owner), "{text}");
            }
        }
        let found = Obstacle::new(Reason::Trouble, folder.path(), "disk full".to_owned());
        let told = found.message();
        assert!(told.th.contains("disk full") && told.en.contains("disk full"));
    }
}
