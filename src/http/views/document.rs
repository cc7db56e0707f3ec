//! Documents as downloads: one form, one file.

use crate::http::page::Lang;
use crate::http::problem::{self, Problem};
use crate::http::reply::{CSV, HTML, JSON, Reply, XLSX};
use crate::http::request::Request;
use crate::report::{Document, Format, Lang as Said};

/// The form that is asked for; none for the JSON of the API.
pub fn format(request: &Request) -> Option<Format> {
    let format = request.text("format").and_then(Format::parse);
    format.filter(|format| *format != Format::Json)
}

/// A content type as routes name it.
pub fn content_type(format: Format) -> &'static str {
    match format {
        Format::Csv => CSV,
        Format::Xlsx => XLSX,
        Format::Json => JSON,
        Format::Html => HTML,
    }
}

/// A document in a form, to be saved.
pub fn reply(
    request: &Request,
    document: &Document,
    format: Format,
    name: &str,
) -> Result<Reply, Problem> {
    let lang = match request.lang() {
        Lang::Th => Said::Th,
        Lang::En => Said::En,
    };
    let written = document.write(format, lang, request.app.clock.now()).map_err(|error| {
        log::error!("{name}: {error}");
        Problem::new(problem::PANIC, "it is in the log of the daemon")
    })?;
    let name = format!("{name}.{}", format.as_str());
    Ok(Reply::new(content_type(format), written).download(&name))
}
