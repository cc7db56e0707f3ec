//! Documents as downloads.

use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::report::{Document, Format};

/// The format asked for; none for the JSON of the API.
pub fn format(request: &Request) -> Option<Format> {
    let format = request.text("format").and_then(Format::parse);
    format.filter(|format| *format != Format::Json)
}

/// A document in a format, as a download.
pub fn reply(
    request: &Request,
    document: &Document,
    format: Format,
    name: &str,
) -> Result<Reply, Problem> {
    let lang = request.lang();
    let written = document.write(format, lang, request.app.clock.now()).map_err(|error| {
        log::error!("{name}: {error}");
        Problem::new(problem::PANIC, "it is in the log of the daemon")
    })?;
    let name = format!("{name}.{}", format.as_str());
    Ok(Reply::new(format.media_type(), written).download(&name))
}
