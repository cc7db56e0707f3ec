//! The pages for people, a file each; here what they share.

mod expected;
mod explain;
mod exports;
mod indicator;
mod kpi;
mod rows;
mod score;
mod spark;
mod submission;
mod today;
mod unit;
mod waiting;

use serde::Serialize;

pub use expected::expected;
pub use explain::explain;
pub use exports::exports;
pub use indicator::indicator;
pub use kpi::kpis;
pub use score::quality;
pub use submission::submission;
pub use today::today;
pub use unit::{unit, unit_findings};
pub use waiting::waiting;

use crate::http::call::Call;
use crate::http::page::{Frame, Lang};
use crate::http::problem::{self, Problem};
use crate::submission::{Problem as Said, Texts};

/// How soon a page that waits for figures looks for them again, in seconds.
const RENEW: u32 = 3;

/// Whether figures are only not there yet.
fn being_computed(problem: &Problem) -> bool {
    problem.kind == problem::BEING_COMPUTED
}

/// One language of a text and how to mend what it says.
fn spoken(lang: Lang, texts: Texts) -> (String, String) {
    match lang {
        Lang::Th => (texts.th, texts.mend_th),
        Lang::En => (texts.en, texts.mend_en),
    }
}

/// A problem in one language.
#[derive(Serialize)]
struct ProblemLine {
    code: String,
    member: Option<String>,
    line: Option<u64>,
    detail: String,
    nearest: Option<String>,
    text: String,
    mend: String,
}

fn problems(lang: Lang, said: Vec<Said>) -> Vec<ProblemLine> {
    said.into_iter()
        .map(|said| {
            let (text, mend) = spoken(lang, said.texts);
            let Said { code, member, line, detail, nearest, .. } = said;
            ProblemLine { code, member, line, detail, nearest, text, mend }
        })
        .collect()
}

/// Where in a list of pages one is.
#[derive(Serialize)]
struct Pager {
    page: u64,
    last: u64,
    total: u64,
    newer: Option<String>,
    older: Option<String>,
}

impl Pager {
    /// The pager of a page's main list; `anchor` is where that begins.
    fn new(call: &Call, per_page: u64, total: u64, anchor: &str) -> Self {
        Self::of(call, "page", call.page(), per_page, total, anchor)
    }

    /// The pager of a list whose page is told by a parameter of its own.
    fn of(call: &Call, name: &str, page: u64, per_page: u64, total: u64, anchor: &str) -> Self {
        let frame = Frame::of(call);
        let last = total.div_ceil(per_page).max(1);
        let to = |page: u64| format!("{}{anchor}", frame.with(name, &page.to_string()));
        Self {
            page,
            last,
            total,
            newer: (page > 1).then(|| to(page.min(last + 1) - 1)),
            older: (page < last).then(|| to(page + 1)),
        }
    }
}

fn unit_name(call: &Call, hcode: Option<&str>) -> Option<String> {
    call.world.units.by_code.get(hcode?).map(|unit| unit.name.clone())
}
