//! Checks that a rulebook is complete and consistent, beyond what its types
//! enforce. All mistakes are reported, each with its key.

mod items;
mod mistakes;
mod money;
mod quality;

use chrono::{Datelike as _, Months};

use self::mistakes::{Mistakes, periods};
use super::{DaySpan, Rulebook, RulebookError};
use crate::catalog::Catalog;
use crate::clock::BUDDHIST_ERA;

/// Rounds this long or longer are taken for a typing error in a year.
const LONGEST_ROUND: Months = Months::new(24);

/// All mistakes of a rulebook, in the order of its sections.
pub fn check(book: &Rulebook, catalog: &Catalog) -> Vec<RulebookError> {
    let mut mistakes = Mistakes { file: book.file.clone(), list: Vec::new() };
    let m = &mut mistakes;
    m.unless(!book.source.trim().is_empty(), "source", "is blank");
    window(book, m);
    person(book, m);
    items::check(book, m);
    periods("tranche", &book.tranches, book, m);
    quality::check(&book.quality, catalog, m);
    money::check(book, m);
    local_defaults(book, m);
    mistakes.list
}

fn window(book: &Rulebook, m: &mut Mistakes) {
    let DaySpan { from, to } = book.window;
    m.unless(from <= to, "window", "ends before it begins");
    m.unless(book.sent_by >= to, "sent_by", "lies before the end of the round");
    // Rounds need not begin in July, nor be of twelve months; a round is named
    // by the year in which it ends.
    let round = to.year() + BUDDHIST_ERA;
    m.unless(round == book.round, "window.to", format_args!("{to} is in round {round}"));
    let longest = to.checked_sub_months(LONGEST_ROUND).unwrap_or(to);
    m.unless(from > longest, "window.from", "lies two years or more before the end");
}

fn person(book: &Rulebook, m: &mut Mistakes) {
    let person = &book.person;
    for (key, text) in [
        ("person.uc_scheme", &person.uc_scheme),
        ("person.thai", &person.thai),
        ("person.dead", &person.dead),
        ("person.source", &person.source),
    ] {
        m.unless(!text.trim().is_empty(), key, "is blank");
    }
    m.unless(!person.resident.is_empty(), "person.resident", "names no TYPEAREA");
    let number = |code: &str| code.trim_start_matches('0').to_owned();
    for code in &person.nation_unknown {
        let digits = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
        let right = digits && number(code) != number(&person.thai);
        let what = format_args!("{code:?} is no code of digits, or that of Thais");
        m.unless(right, "person.nation_unknown", what);
    }
}

fn local_defaults(book: &Rulebook, m: &mut Mistakes) {
    for local in &book.local_defaults {
        let key = format!("local_default {}", local.key);
        let mut parts = local.key.split('.');
        let section = parts.next().unwrap_or_default();
        let known = ["timeliness", "sent_by", "person", "points", "tranche", "quality", "money"];
        m.unless(known.contains(&section), &key, "names no section");
        if section == "points" {
            let item = parts.next().unwrap_or_default();
            m.unless(book.item(item).is_some(), &key, format_args!("there is no item {item}"));
        }
        m.unless(!local.text.th.is_empty() && !local.text.en.is_empty(), &key, "lacks a text");
    }
}
