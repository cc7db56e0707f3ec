//! Pages: templates, texts in two languages, and how values are written in
//! them. Templates escape by themselves; on top of that, every text that comes
//! out of an archive is kept from playing with the page (control characters,
//! letters that turn the direction of writing, endless values).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, FixedOffset};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, merge_maps};
use minijinja::{Environment, Output, State, Value};
use serde_json::json;

use super::problem::{self, Problem};
use super::reply::{HTML, Reply};
use crate::clock::BUDDHIST_ERA;

/// The style sheet.
pub const STYLE: &str = include_str!("khlang.css");

/// Texts of the pages: key, Thai, English.
const TEXTS: &str = include_str!("texts.csv");

/// Templates by name.
const TEMPLATES: [(&str, &str); 7] = [
    ("layout.html", include_str!("layout.html")),
    ("parts.html", include_str!("parts.html")),
    ("today.html", include_str!("today.html")),
    ("submission.html", include_str!("submission.html")),
    ("sign_in.html", include_str!("sign_in.html")),
    ("api.html", include_str!("api.html")),
    ("refusal.html", include_str!("refusal.html")),
];

/// Longest value that a page shows; downloads have it whole.
const SHOWN_CHARS: usize = 400;

/// Months as they are written in dates.
const MONTHS_TH: [&str; 12] = [
    "ม.ค.",
    "ก.พ.",
    "มี.ค.",
    "เม.ย.",
    "พ.ค.",
    "มิ.ย.",
    "ก.ค.",
    "ส.ค.",
    "ก.ย.",
    "ต.ค.",
    "พ.ย.",
    "ธ.ค.",
];
const MONTHS_EN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Language of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lang {
    /// Thai, the first language here.
    Th,
    /// English.
    En,
}

impl Lang {
    /// Thai unless it is `en`.
    pub fn of(text: &str) -> Self {
        if text == "en" { Self::En } else { Self::Th }
    }

    /// As written in HTML and in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Th => "th",
            Self::En => "en",
        }
    }

    /// The query that keeps this language on the next page.
    pub fn query(self) -> &'static str {
        match self {
            Self::Th => "",
            Self::En => "?lang=en",
        }
    }

    /// The other one.
    fn other(self) -> Self {
        match self {
            Self::Th => Self::En,
            Self::En => Self::Th,
        }
    }
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
    // A text or value that is missing is a mistake of ours; a test sees it.
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::SemiStrict);
    let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
    environment.set_syntax(syntax.expect("the usual marks with other spacing"));
    environment.set_formatter(write_plain);
    environment.add_filter("day", day);
    environment.add_filter("time", time);
    environment.add_filter("number", number);
    environment.add_filter("size", size);
    for (name, source) in TEMPLATES {
        environment
            .add_template(name, source)
            .expect("the templates are part of the program and tested");
    }
    environment
});

/// A page from its template.
pub fn render(name: &str, lang: Lang, own: serde_json::Value) -> Result<Reply, Problem> {
    let t = if lang == Lang::Th { &*THAI } else { &*ENGLISH };
    let other = lang.other();
    let general = json!({
        "t": t, "lang": lang.as_str(), "lang_query": lang.query(),
        "version": env!("CARGO_PKG_VERSION"), "other": other.as_str(),
        "other_query": if other == Lang::En { "?lang=en" } else { "?lang=th" },
    });
    let page = merge_maps([Value::from(Serde(own)), Value::from(Serde(general))]);
    let made = ENVIRONMENT.get_template(name).and_then(|template| template.render(page));
    made.map(|html| Reply::new(HTML, html)).map_err(|error| {
        log::error!("page {name}: {error:#}");
        Problem::new(problem::PANIC, "it is in the log of the daemon")
    })
}

/// The page of a problem, for people.
pub fn refusal(target: &str, problem: &Problem) -> Result<Reply, Problem> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let lang = Lang::of(if query.split('&').any(|pair| pair == "lang=en") { "en" } else { "th" });
    let kind = problem.kind;
    let title = if lang == Lang::Th { kind.title_th } else { kind.title };
    let own = json!({
        "title": title, "code": kind.code, "status": kind.status, "detail": problem.detail,
        "path": "/",
    });
    render("refusal.html", lang, own)
}

/// Writes a value escaped, after making its text harmless.
fn write_plain(out: &mut Output, state: &mut State, value: &Value) -> Result<(), minijinja::Error> {
    match value.as_str().filter(|_| !value.is_safe()) {
        Some(text) => minijinja::escape_formatter(out, state, &Value::from(harmless(text))),
        None => minijinja::escape_formatter(out, state, value),
    }
}

/// Control characters and those that turn the direction of writing become
/// visible; endless text is cut.
fn harmless(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let plain = |c: char| if c.is_control() || turns(c) { '\u{fffd}' } else { c };
    let mut shown: String = text.chars().take(SHOWN_CHARS).map(plain).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

fn is_thai(state: &State) -> bool {
    state.lookup("lang").is_none_or(|lang| lang.as_str() != Some("en"))
}

fn moment(text: &str) -> Option<DateTime<FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

/// The day of an RFC 3339 time, in the Buddhist era.
fn day(state: &State, text: &str) -> String {
    let Some(at) = moment(text) else { return text.to_owned() };
    let (day, year) = (at.day(), at.year() + BUDDHIST_ERA);
    if is_thai(state) {
        format!("{day} {} {year}", MONTHS_TH[at.month0() as usize])
    } else {
        format!("{day} {} {} (B.E. {year})", MONTHS_EN[at.month0() as usize], at.year())
    }
}

/// The time of day of an RFC 3339 time.
fn time(state: &State, text: &str) -> String {
    let Some(at) = moment(text) else { return text.to_owned() };
    at.format(if is_thai(state) { "%H:%M น." } else { "%H:%M" }).to_string()
}

/// A number with its thousands apart.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size for people.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| {
        let tenths = bytes.saturating_mul(10) / unit;
        format!("{}.{}", number(tenths / 10), tenths % 10)
    };
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KB", tenths(1024)),
        1_048_576..1_073_741_824 => format!("{} MB", tenths(1 << 20)),
        _ => format!("{} GB", tenths(1 << 30)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_there_in_both_languages_and_used() {
        assert_eq!(THAI.len(), ENGLISH.len());
        let sources: String = TEMPLATES.iter().map(|(_, source)| *source).collect();
        for (key, thai) in THAI.iter() {
            assert!(!thai.is_empty() && !ENGLISH[key].is_empty(), "{key}");
            let by_name = ["status_", "means_", "severity_"].iter().any(|p| key.starts_with(p));
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

    #[test]
    fn numbers_and_sizes_read_well() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([12, 1536, 5 << 20, 3 << 30].map(size), ["12 B", "1.5 KB", "5.0 MB", "3.0 GB"]);
    }

    #[test]
    fn hostile_text_is_made_harmless() {
        let shown = harmless("a\u{202e}gpj\0.zip\n");
        assert_eq!(shown, "a\u{fffd}gpj\u{fffd}.zip\u{fffd}");
        assert_eq!(harmless(&"ก".repeat(5000)).chars().count(), SHOWN_CHARS + 1);
    }
}
