//! Documents as downloads: one form, one file.

use crate::http::call::Call;
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::report::{Document, Format};

/// The form that is asked for; none for the JSON of the API.
pub fn format(call: &Call) -> Option<Format> {
    let format = call.text("format").and_then(Format::parse);
    format.filter(|format| *format != Format::Json)
}

/// A document in a form, to be saved.
pub fn reply(
    call: &Call,
    document: &Document,
    format: Format,
    name: &str,
) -> Result<Reply, Problem> {
    let written =
        document.write(format, call.lang(), call.shared.clock.now()).map_err(|error| {
            log::error!("{name}: {error}");
            Problem::new(problem::PANIC, "it is in the log of the daemon")
        })?;
    let name = format!("{name}.{}", format.as_str());
    Ok(Reply::new(format.media_type(), written).download(&name))
}
