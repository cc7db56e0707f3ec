//! An archive as the one file of a form, as a browser sends it.

use std::io::Read;

use futures::executor::block_on;
use futures::stream;
use multer::bytes::Bytes;
use multer::{Constraints, Field, Multipart, SizeLimit, parse_boundary};

use super::file_name::{last_part, of_disposition};
use super::{BLOCK_BYTES, Incoming, Intake, Received, cut_off};
use crate::http::front::head::Head;
use crate::http::problem::{self, Problem};

/// Content type of a form with a file.
const FORM: &str = "multipart/form-data";

/// A body that is a form.
pub struct Form {
    boundary: String,
}

impl Form {
    /// The form that a head announces, if it does.
    pub fn of(head: &Head) -> Result<Option<Self>, Problem> {
        let kind = head.header("Content-Type").unwrap_or_default();
        let is_form = kind.get(..FORM.len()).is_some_and(|start| start.eq_ignore_ascii_case(FORM));
        if !is_form {
            return Ok(None);
        }
        let boundary = parse_boundary(kind).map_err(|error| malformed(&error))?;
        Ok(Some(Self { boundary }))
    }

    /// Takes the one file of the form to disk; its name goes for the archive's
    /// unless the head has said one. Fields that are no file are passed over.
    pub fn receive(
        &self,
        intake: &Intake,
        body: &mut (dyn Read + Send),
    ) -> Result<Received, Problem> {
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
        let limits = SizeLimit::new().whole_stream(intake.body_bytes());
        let constraints = Constraints::new().size_limit(limits);
        let form = Multipart::with_constraints(stream::iter(blocks), &self.boundary, constraints);
        block_on(take(form, intake))
    }
}

/// Reading never waits but in `body` itself, so that this is no other than
/// plain reading.
async fn take(mut form: Multipart<'_>, intake: &Intake) -> Result<Received, Problem> {
    let mut received = None;
    while let Some(field) = form.next_field().await.map_err(|error| malformed(&error))? {
        let disposition = field.headers().get("Content-Disposition");
        let said = disposition.and_then(|header| of_disposition(header.as_bytes()));
        let Some(name) = said.map(|name| last_part(&name).to_owned()) else { continue };
        if received.is_some() {
            return Err(Problem::new(problem::MALFORMED, "the form has more than one file"));
        }
        let name = intake.name.clone().unwrap_or(name);
        intake.may_be(&name)?;
        received = Some(fill(intake.begin(&name)?, field).await?);
    }
    received.ok_or_else(|| Problem::new(problem::MALFORMED, "the form has no file"))
}

async fn fill(mut file: Incoming<'_>, mut field: Field<'_>) -> Result<Received, Problem> {
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
