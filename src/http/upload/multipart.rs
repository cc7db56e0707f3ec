//! An archive as the one file of a form, as a browser sends it.

use std::io::Read;

use futures::executor::block_on;
use futures::stream;
use multer::bytes::Bytes;
use multer::{Constraints, Field, Multipart, SizeLimit, parse_boundary};

use super::file_name::{last_part, of_disposition};
use super::target::{IncomingArchive, ReceivedArchive, UploadTarget};
use crate::http::problem::{self, Problem};
use crate::http::transport::head::RequestHead;

/// How much is read at a time, in bytes.
const BLOCK_BYTES: usize = 64 << 10;

/// Content type of a form with a file.
const FORM: &str = "multipart/form-data";

/// A multipart body.
pub struct MultipartForm {
    boundary: String,
}

impl MultipartForm {
    /// The form that a head announces, if any.
    pub fn parse(head: &RequestHead) -> Result<Option<Self>, Problem> {
        let kind = head.header("Content-Type").unwrap_or_default();
        let is_form = kind.get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM));
        if !is_form {
            return Ok(None);
        }
        let boundary = parse_boundary(kind).map_err(|error| malformed(&error))?;
        Ok(Some(Self { boundary }))
    }

    /// Writes the one file of the form to disk, under its own name unless the
    /// head gives one as `name`. Other fields are skipped.
    pub fn receive(
        &self,
        target: &UploadTarget,
        name: Option<&str>,
        most_bytes: u64,
        body: &mut (dyn Read + Send),
    ) -> Result<ReceivedArchive, Problem> {
        let blocks = std::iter::from_fn(|| {
            let mut block = vec![0; BLOCK_BYTES];
            match body.read(&mut block) {
                Ok(0) => None,
                Ok(count) => {
                    block.truncate(count);
                    Some(Ok(Bytes::from(block)))
                }
                Err(error) => Some(Err(error)),
            }
        });
        let limits = SizeLimit::new().whole_stream(most_bytes);
        let constraints = Constraints::new().size_limit(limits);
        let form = Multipart::with_constraints(stream::iter(blocks), &self.boundary, constraints);
        block_on(take(form, target, name))
    }
}

/// Only reading `body` ever blocks, so this is the same as plain reading.
async fn take(
    mut form: Multipart<'_>,
    target: &UploadTarget,
    told: Option<&str>,
) -> Result<ReceivedArchive, Problem> {
    let mut received = None;
    while let Some(field) = form.next_field().await.map_err(|error| malformed(&error))? {
        let disposition = field.headers().get("Content-Disposition");
        let said = disposition.and_then(|header| of_disposition(header.as_bytes()));
        let Some(name) = said.map(|name| last_part(&name).to_owned()) else { continue };
        if received.is_some() {
            return Err(Problem::new(problem::MALFORMED, "the form has more than one file"));
        }
        let name = told.map_or(name, str::to_owned);
        target.may_be(&name)?;
        received = Some(fill(target.begin(&name)?, field).await?);
    }
    received.ok_or_else(|| Problem::new(problem::MALFORMED, "the form has no file"))
}

async fn fill(
    mut file: IncomingArchive<'_>,
    mut field: Field<'_>,
) -> Result<ReceivedArchive, Problem> {
    while let Some(bytes) = field.chunk().await.map_err(|error| malformed(&error))? {
        file.add(&bytes)?;
    }
    file.whole()
}

fn malformed(error: &multer::Error) -> Problem {
    match error {
        // What was wrong with the body is told by who read it.
        multer::Error::StreamReadFailed(_) => cut_off(),
        multer::Error::NoBoundary | multer::Error::DecodeContentType(_) => {
            Problem::new(problem::MEDIA_TYPE, "the form names no boundary")
        }
        error => Problem::new(problem::MALFORMED, format!("the form: {error}")),
    }
}

/// The body ended too early.
pub fn cut_off() -> Problem {
    Problem::new(problem::MALFORMED, "the body ended before its end")
}
