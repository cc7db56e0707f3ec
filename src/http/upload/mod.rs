//! Uploads: from the body of a request to a complete archive file.
//!
//! The archive is written to a folder that no scan of the inbox sees, hashed on
//! the way, and made durable; it is never held in memory. A file that is not
//! used is removed with its [`ReceivedArchive`], or at the next start.

mod file_name;
mod multipart;
mod target;

use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

use self::file_name::last_part;
use self::multipart::MultipartForm;
pub use self::target::ReceivedArchive;
use self::target::UploadTarget;
use super::problem::{self, Problem};
use super::transport::head::RequestHead;
use crate::app::AppState;
use crate::inbox::Folders;
#[cfg(fuzzing)]
use {crate::environment::Environment, chrono::NaiveDateTime, std::path::PathBuf};

/// How much is read at a time, in bytes.
const BLOCK_BYTES: usize = 64 << 10;

/// The body of a request.
#[derive(Debug, Default, Clone)]
pub enum RequestBody {
    /// None.
    #[default]
    Nothing,
    /// A form, as sent.
    Form(Arc<[u8]>),
    /// An archive.
    Archive(Arc<ReceivedArchive>),
}

/// A request that may send an archive.
pub struct UploadRequest {
    target: UploadTarget,
    name: Option<String>,
    form: Option<MultipartForm>,
}

impl UploadRequest {
    /// Whether an archive with this head may be sent by a client that may send
    /// those of `units`.
    pub fn admit(
        app: &AppState,
        head: &RequestHead,
        units: Option<BTreeSet<String>>,
    ) -> Result<Self, Problem> {
        let target = UploadTarget {
            folder: Folders::new(&app.data).uploads(),
            environment: app.environment(),
            now: app.clock.now().naive_local(),
            units,
        };
        let upload = Self {
            target,
            name: head.header("X-Archive-Name").map(|name| last_part(name).to_owned()),
            form: MultipartForm::parse(head)?,
        };
        match &upload.name {
            Some(name) => upload.target.may_be(name)?,
            None if upload.form.is_some() => {}
            None => {
                let detail = "X-Archive-Name, or the file of a form, says the name";
                return Err(Problem::new(problem::ARCHIVE_NAME, detail));
            }
        }
        let most = upload.body_bytes();
        if head.body_bytes.is_some_and(|bytes| bytes > most) {
            let detail = format!("an archive has at most {most} bytes");
            return Err(Problem::new(problem::BODY_SIZE, detail));
        }
        if app.inbox().waiting() >= upload.target.environment.config.limits.queue {
            return Err(Problem::new(problem::QUEUE, "try again when some have been loaded"));
        }
        upload.target.room()?;
        Ok(upload)
    }

    /// Largest body in bytes; a form adds little to its archive.
    pub fn body_bytes(&self) -> u64 {
        let limits = &self.target.environment.config.limits;
        let around = if self.form.is_some() { limits.form_bytes } else { 0 };
        limits.body_bytes.min(limits.archive_bytes + around)
    }

    /// Writes the body to disk as it arrives.
    pub fn receive(&self, body: &mut (dyn Read + Send)) -> Result<ReceivedArchive, Problem> {
        match &self.form {
            Some(form) => form.receive(&self.target, self.name.as_deref(), self.body_bytes(), body),
            None => {
                let mut file = self.target.begin(self.name.as_deref().unwrap_or_default())?;
                let mut block = vec![0; BLOCK_BYTES];
                loop {
                    let count = body.read(&mut block).map_err(|_| multipart::cut_off())?;
                    if count == 0 {
                        return file.whole();
                    }
                    file.add(&block[..count])?;
                }
            }
        }
    }
}

#[cfg(fuzzing)]
impl UploadRequest {
    /// What [`UploadRequest::admit`] makes of a head, without a daemon to ask.
    pub fn bare(
        folder: PathBuf,
        environment: Arc<Environment>,
        now: NaiveDateTime,
        head: &RequestHead,
    ) -> Result<Self, Problem> {
        let name = head.header("X-Archive-Name").map(|name| last_part(name).to_owned());
        let form = MultipartForm::parse(head)?;
        let target = UploadTarget { folder, environment, now, units: None };
        let upload = Self { target, name, form };
        match &upload.name {
            Some(name) => upload.target.may_be(name)?,
            None if upload.form.is_some() => {}
            None => return Err(Problem::new(problem::ARCHIVE_NAME, "no name")),
        }
        Ok(upload)
    }
}
