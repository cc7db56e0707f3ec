//! Letters on paper: a head with room for the emblem, text, one table, the
//! signature, copies, and what is enclosed on pages of its own. The same letter
//! is the same page: nothing on it tells when it was printed.

use chrono::NaiveDate;
use serde_json::json;

use super::{STYLE, picked, render, table_of};
use crate::report::error::ReportError;
use crate::report::table::Table;
use crate::report::words::day;
use crate::text::{Bilingual, Lang, message};

/// A letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its number in the book of letters; blank when it has none.
    pub number: String,
    /// The office that writes it; blank leaves room for it.
    pub office: String,
    /// Its day.
    pub on: NaiveDate,
    /// What it is about.
    pub subject: Bilingual,
    /// To whom.
    pub to: Bilingual,
    /// What it says.
    pub paragraphs: Vec<Bilingual>,
    /// The table below that.
    pub table: Table,
    /// Who signs; blank leaves room for it.
    pub signer: String,
    /// The post of who signs.
    pub post: String,
    /// To whom copies go.
    pub copies: Vec<String>,
    /// What is enclosed.
    pub enclosures: Vec<Table>,
}

/// A letter as the bytes of a page.
///
/// # Errors
/// Fails if the template and the values do not fit, which is a bug.
pub fn letter(letter: &Letter, lang: Lang) -> Result<Vec<u8>, ReportError> {
    let mut tables = vec![table_of(&letter.table, lang)];
    for table in &letter.enclosures {
        let mut table = table_of(table, lang);
        table["enclosure"] = true.into();
        tables.push(table);
    }
    let word = |key: &str| message(key).pick(lang).to_owned();
    let page = json!({
        "lang": lang.as_str(),
        "style": STYLE,
        "words": {
            "number": word("letter.number"), "date": word("letter.date"), "to": word("letter.to"),
            "copies": word("letter.copies"),
        },
        "number": letter.number, "office": letter.office, "date": day(letter.on, lang),
        "subject": letter.subject.pick(lang), "to": letter.to.pick(lang),
        "paragraphs": picked(&letter.paragraphs, lang), "tables": tables,
        "signer": letter.signer, "post": letter.post, "copies": letter.copies,
    });
    Ok(render("letter-page.html", page)?.into_bytes())
}
