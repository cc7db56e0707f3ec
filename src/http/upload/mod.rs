//! An archive on its way in: from a client's body to a file that is whole.
//!
//! It is written to a folder that no scan of the inbox sees, hashed on the
//! way, and made durable; nothing of it is held in memory. What is not asked
//! for in the end is gone with its [`Received`], or with the next start.

mod file_name;
mod multipart;

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDateTime;
use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

use self::file_name::last_part;
use super::front::head::Head;
use super::problem::{self, Problem};
use super::shared::Shared;
use crate::archive::ArchiveName;
use crate::inbox::{Folders, Upload};
use crate::world::World;

/// How much is taken at a time.
const BLOCK_BYTES: usize = 64 << 10;

/// How much may come before the disk is looked at again.
const BETWEEN_LOOKS_BYTES: u64 = 1 << 20;

/// What comes with a call.
#[derive(Debug, Default, Clone)]
pub enum Sent {
    /// Nothing.
    #[default]
    Nothing,
    /// A form, as sent.
    Form(Arc<[u8]>),
    /// An archive.
    Archive(Arc<Received>),
}

/// A whole archive, in a file of its own.
#[derive(Debug)]
pub struct Received {
    /// The file; nothing once it has been taken.
    file: Mutex<Option<TempPath>>,
    /// What is known of it.
    pub upload: Upload,
}

impl Received {
    /// Takes the file, once.
    pub fn take(&self) -> Option<TempPath> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// An archive that may come, and the rules for it.
pub struct Intake {
    folder: PathBuf,
    world: Arc<World>,
    now: NaiveDateTime,
    /// Whose archives this client may send; none means everybody's.
    units: Option<BTreeSet<String>>,
    name: Option<String>,
    form: Option<multipart::Form>,
}

impl Intake {
    /// Whether an archive with this head may come from a client that may send
    /// those of `units`.
    pub fn admit(
        shared: &Shared,
        head: &Head,
        units: Option<BTreeSet<String>>,
    ) -> Result<Self, Problem> {
        let intake = Self {
            folder: Folders::new(&shared.data).uploads(),
            world: shared.world(),
            now: shared.clock.now().naive_local(),
            units,
            name: head.header("X-Archive-Name").map(|name| last_part(name).to_owned()),
            form: multipart::Form::of(head)?,
        };
        match &intake.name {
            Some(name) => intake.may_be(name)?,
            None if intake.form.is_some() => {}
            None => {
                let detail = "X-Archive-Name, or the file of a form, says the name";
                return Err(Problem::new(problem::ARCHIVE_NAME, detail));
            }
        }
        let most = intake.body_bytes();
        if head.body_bytes.is_some_and(|bytes| bytes > most) {
            let detail = format!("an archive has at most {most} bytes");
            return Err(Problem::new(problem::BODY_SIZE, detail));
        }
        if shared.inbox().waiting() >= intake.world.config.limits.queue {
            return Err(Problem::new(problem::QUEUE, "try again when some have been loaded"));
        }
        intake.room()?;
        Ok(intake)
    }

    /// Largest body; what a form puts around an archive is small.
    pub fn body_bytes(&self) -> u64 {
        let limits = &self.world.config.limits;
        let around = if self.form.is_some() { limits.form_bytes } else { 0 };
        limits.body_bytes.min(limits.archive_bytes + around)
    }

    /// Whether an archive of this name may come: the gate of the inbox (A04,
    /// A05, A06), and whose it is.
    fn may_be(&self, name: &str) -> Result<(), Problem> {
        let known = |hcode: &str| self.world.units.knows(hcode);
        let parsed = ArchiveName::validate(name, known, self.now).map_err(|(error, _)| {
            let code = error.code();
            let text = self.world.catalog.findings.of_problem(code);
            Problem::new(problem::ARCHIVE_NAME, format!("{code}: {}", text.en))
        })?;
        if self.units.as_ref().is_some_and(|units| !units.contains(&parsed.hcode)) {
            let detail = "the name says another unit than you may send for";
            return Err(Problem::new(problem::OTHER_UNIT, detail));
        }
        Ok(())
    }

    /// Takes the body to disk as it comes.
    pub fn receive(&self, body: &mut (dyn Read + Send)) -> Result<Received, Problem> {
        match &self.form {
            Some(form) => form.receive(self, body),
            None => {
                let mut file = self.begin(self.name.as_deref().unwrap_or_default())?;
                let mut block = vec![0; BLOCK_BYTES];
                loop {
                    let count = body.read(&mut block).map_err(|_| cut_off())?;
                    if count == 0 {
                        return file.whole();
                    }
                    file.add(&block[..count])?;
                }
            }
        }
    }

    /// Begins a file for an archive of this name.
    fn begin(&self, name: &str) -> Result<Incoming<'_>, Problem> {
        let file = tempfile::Builder::new().prefix("upload-").tempfile_in(&self.folder);
        let file = file.map_err(|error| self.trouble(&error))?;
        let name = name.to_owned();
        Ok(Incoming { intake: self, file, name, hash: Sha256::new(), bytes: 0, looked_at: 0 })
    }

    /// Whether there is room on the disk for more.
    fn room(&self) -> Result<(), Problem> {
        let least = self.world.config.limits.free_bytes;
        let disk =
            rustix::fs::statvfs(&self.folder).map_err(|error| self.trouble(&error.into()))?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < least {
            let detail = "try again when the operator has made room";
            return Err(Problem::new(problem::NO_SPACE, detail));
        }
        Ok(())
    }

    /// Trouble with the disk: ours, not the sender's.
    fn trouble(&self, error: &std::io::Error) -> Problem {
        log::error!("an upload to {}: {error}", self.folder.display());
        let detail = "the archive could not be written; see the log of the daemon";
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                Problem::new(problem::NO_SPACE, detail)
            }
            _ => Problem::new(problem::STORAGE, detail),
        }
    }
}

#[cfg(fuzzing)]
impl Intake {
    /// What [`Intake::admit`] makes of a head, without a daemon to ask.
    pub fn bare(
        folder: PathBuf,
        world: Arc<World>,
        now: NaiveDateTime,
        head: &Head,
    ) -> Result<Self, Problem> {
        let name = head.header("X-Archive-Name").map(|name| last_part(name).to_owned());
        let form = multipart::Form::of(head)?;
        let intake = Self { folder, world, now, units: None, name, form };
        match &intake.name {
            Some(name) => intake.may_be(name)?,
            None if intake.form.is_some() => {}
            None => return Err(Problem::new(problem::ARCHIVE_NAME, "no name")),
        }
        Ok(intake)
    }
}

/// An archive of which some has come.
struct Incoming<'i> {
    intake: &'i Intake,
    file: NamedTempFile,
    name: String,
    hash: Sha256,
    bytes: u64,
    /// How much there was when the disk was last looked at.
    looked_at: u64,
}

impl Incoming<'_> {
    fn add(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.bytes += bytes.len() as u64;
        let most = self.intake.world.config.limits.archive_bytes;
        if self.bytes > most {
            let detail = format!("an archive has at most {most} bytes");
            return Err(Problem::new(problem::BODY_SIZE, detail));
        }
        if self.bytes - self.looked_at >= BETWEEN_LOOKS_BYTES {
            self.looked_at = self.bytes;
            self.intake.room()?;
        }
        self.hash.update(bytes);
        self.file.write_all(bytes).map_err(|error| self.intake.trouble(&error))?;
        crate::crash_point("upload_begun");
        Ok(())
    }

    /// All of it has come: from here on it is durable.
    fn whole(self) -> Result<Received, Problem> {
        if self.bytes == 0 {
            return Err(Problem::new(problem::MALFORMED, "the archive has no bytes"));
        }
        self.file.as_file().sync_all().map_err(|error| self.intake.trouble(&error))?;
        let sha256 = crate::files::hex(&self.hash.finalize());
        Ok(Received {
            file: Mutex::new(Some(self.file.into_temp_path())),
            upload: Upload { name: self.name, sha256, bytes: self.bytes },
        })
    }
}

fn cut_off() -> Problem {
    Problem::new(problem::MALFORMED, "the body ended before its end")
}
