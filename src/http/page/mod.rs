//! Pages: templates and texts in two languages. Templates escape by themselves;
//! in addition, texts from archives are made harmless (`words`).

pub mod frame;
pub mod menu;
mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Serde, merge_maps};
use minijinja::{Environment, Output, State, Value};
use serde_json::json;

pub use frame::Frame;
use words::harmless;

use super::problem::{self, Problem};
use super::reply::{HTML, Reply};
pub use crate::report::Lang;

/// The style sheet.
pub const STYLE: &str = include_str!("khlang.css");

/// The picture of the product in tabs and lists of a browser.
pub const ICON: &str = include_str!("khlang.svg");

/// The one script: it renews a page in place. Every page works without it.
pub const SCRIPT: &str = include_str!("khlang.js");

/// Texts of the pages: key, Thai, English.
const TEXTS: &str = include_str!("texts.csv");

/// The templates: every file of the folder.
static TEMPLATES: Dir = include_dir!("$CARGO_MANIFEST_DIR/src/http/page/templates");

/// Name and source of each template.
fn templates() -> impl Iterator<Item = (&'static str, &'static str)> {
    TEMPLATES.files().map(|file| {
        let (name, source) = (file.path().to_str(), file.contents_utf8());
        name.zip(source).expect("the files are part of the program and tested")
    })
}

static THAI: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| texts(1));
static ENGLISH: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| texts(2));

fn texts(column: usize) -> BTreeMap<String, String> {
    csv::Reader::from_reader(TEXTS.as_bytes())
        .records()
        .map(|row| row.expect("the file is part of the program and tested"))
        .map(|row| (row[0].to_owned(), row[column].to_owned()))
        .collect()
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    // A missing text or value is a bug, which a test finds.
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::SemiStrict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual marks with other spacing"));
    environment.set_formatter(write_plain);
    environment.add_filter("day", words::day);
    environment.add_filter("month", words::month);
    environment.add_filter("time", words::time);
    environment.add_filter("number", words::number);
    environment.add_filter("apart", words::apart);
    environment.add_filter("period", words::period);
    environment.add_filter("size", words::size);
    environment.add_function("to", to);
    for (name, source) in templates() {
        environment
            .add_template(name, source)
            .expect("the templates are part of the program and tested");
    }
    environment
});

/// A page from its template.
pub fn render(frame: &Frame, name: &str, own: serde_json::Value) -> Result<Reply, Problem> {
    let t = if frame.lang == Lang::Th { &*THAI } else { &*ENGLISH };
    let other = frame.lang.other();
    let general = json!({
        "t": t, "lang": frame.lang.as_str(), "other": other.as_str(),
        "other_href": frame.in_language(other), "menu": frame.menu, "who": frame.who,
        "printed_at": frame.printed_at, "as_of_data": frame.as_of_data,
        "version": env!("CARGO_PKG_VERSION"),
    });
    let page = merge_maps([Value::from(Serde(own)), Value::from(Serde(general))]);
    let made = ENVIRONMENT.get_template(name).and_then(|template| template.render(page));
    made.map(|html| Reply::new(HTML, html)).map_err(|error| {
        log::error!("page {name}: {error:#}");
        Problem::new(problem::PANIC, "it is in the log of the daemon")
    })
}

/// The page of a problem. While results are being computed it reloads by
/// itself.
pub fn refusal(frame: &Frame, problem: &Problem) -> Result<Reply, Problem> {
    let kind = problem.kind;
    let title = kind.title().pick(frame.lang);
    let own = json!({
        "title": title, "code": kind.code(), "status": kind.status, "detail": problem.detail,
    });
    let computing = kind == problem::BEING_COMPUTED;
    render(frame, if computing { "computing.html" } else { "refusal.html" }, own)
}

/// An address of this site in the language of the page, with those parameters
/// that have a value.
#[allow(clippy::needless_pass_by_value, reason = "the engine hands parameters over by value")]
fn to(state: &State, path: &str, parameters: Kwargs) -> Result<String, minijinja::Error> {
    let mut query = Vec::new();
    for name in parameters.args() {
        let value: Value = parameters.get(name)?;
        if !value.is_none() && !value.is_undefined() {
            query.push((name.to_owned(), value.to_string()));
        }
    }
    let lang = Lang::from_code(
        state.lookup("lang").and_then(|l| l.as_str().map(str::to_owned)).as_deref(),
    );
    Ok(frame::address(path, &query, lang))
}

/// Writes a value escaped, after making its text harmless.
fn write_plain(out: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    match value.as_str().filter(|_| !value.is_safe()) {
        Some(text) => {
            let text = escaped(&harmless(text));
            minijinja::escape_formatter(out, state, &Value::from_safe_string(text))
        }
        None => minijinja::escape_formatter(out, state, value),
    }
}

/// Escapes what has a meaning in HTML, in a text or an attribute.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages_and_used() {
        assert_eq!(THAI.len(), ENGLISH.len());
        let sources: String = templates().map(|(_, source)| source).collect();
        for (key, thai) in THAI.iter() {
            assert!(!thai.is_empty() && !ENGLISH[key].is_empty(), "{key}");
            let by_name = [
                "status_",
                "means_",
                "severity_",
                "menu_",
                "role_",
                "kpi_",
                "level_",
                "kind_",
                "outcome_",
            ]
            .iter()
            .any(|p| key.starts_with(p));
            let name = format!("t.{key}");
            let mut uses = sources.split(&name).skip(1);
            let more = |c: char| c.is_ascii_lowercase() || c == '_';
            assert!(by_name || uses.any(|rest| !rest.starts_with(more)), "{key} is not used");
        }
        for word in sources.split(" t.").skip(1) {
            let key: String =
                word.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            assert!(THAI.contains_key(&key), "{key}");
        }
    }
}
