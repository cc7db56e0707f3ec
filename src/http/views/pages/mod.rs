//! The pages, a file each, and what they share.

pub mod audit;
pub mod expected;
pub mod explain;
pub mod exports;
pub mod forward;
pub mod indicator;
pub mod kpi;
mod rep;
mod rows;
pub mod score;
mod spark;
pub mod submission;
pub mod submissions;
pub mod today;
pub mod unit;
pub mod units;
pub mod waiting;

use serde::Serialize;

use crate::http::page::{Frame, Lang};
use crate::http::problem::{self, Problem};
use crate::http::request::Request;
use crate::submission::{Problem as Said, Texts};

/// How soon a page that waits for results reloads, in seconds.
const RENEW: u32 = 3;

/// Whether results are only not ready yet.
fn being_computed(problem: &Problem) -> bool {
    problem.kind == problem::BEING_COMPUTED
}

/// A text and how to fix what it reports, in one language.
fn spoken(lang: Lang, texts: Texts) -> (String, String) {
    match lang {
        Lang::Th => (texts.th, texts.fix_th),
        Lang::En => (texts.en, texts.fix_en),
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
    fix: String,
}

fn problems(lang: Lang, said: Vec<Said>) -> Vec<ProblemLine> {
    said.into_iter()
        .map(|said| {
            let (text, fix) = spoken(lang, said.texts);
            let Said { code, member, line, detail, nearest, .. } = said;
            ProblemLine { code, member, line, detail, nearest, text, fix }
        })
        .collect()
}

/// Links between the pages of a list.
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
    fn new(request: &Request, per_page: u64, total: u64, anchor: &str) -> Self {
        Self::for_param(request, "page", request.page(), per_page, total, anchor)
    }

    /// The pager of a list whose page is given by another parameter.
    fn for_param(
        request: &Request,
        name: &str,
        page: u64,
        per_page: u64,
        total: u64,
        anchor: &str,
    ) -> Self {
        let frame = Frame::new(request);
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

fn unit_name(request: &Request, hcode: Option<&str>) -> Option<String> {
    request.environment.units.by_code.get(hcode?).map(|unit| unit.name.clone())
}
