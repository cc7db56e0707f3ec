//! Every route, in one list. The router, the `OpenAPI` document and the page
//! that explains the API all follow from it.

use std::sync::LazyLock;

use super::call::{Call, Form, Param};
use super::problem::{self, Kind, Problem};
use super::reply::{CSS, CSV, HTML, JS, JSON, Reply, TEXT};
use super::views::{docs, health, pages, status, submissions};

/// Methods that every route takes.
pub const ALLOWED: [&str; 2] = ["GET", "HEAD"];

/// One route.
pub struct Route {
    /// Its path; `{id}` is the number of a submission.
    pub path: &'static str,
    /// Its name, for programs (`operationId`).
    pub name: &'static str,
    /// What it answers, in English.
    pub about: &'static str,
    /// What it answers, in Thai.
    pub about_th: &'static str,
    /// Its parameters.
    pub params: &'static [Param],
    /// Content types of its reply; the first one unless asked otherwise.
    pub content: &'static [&'static str],
    /// The schema of its JSON, by name.
    pub schema: Option<&'static str>,
    /// What may be wrong, beyond what may be wrong with every route.
    pub problems: &'static [&'static Kind],
    /// Whether it asks the store: it gets one state of it, and a deadline.
    pub asks_store: bool,
    /// Answers.
    pub view: View,
}

/// Answers a call.
pub type View = fn(&Call) -> Result<Reply, Problem>;

const PAGE: Param = Param { name: "page", form: Form::Page, about: "Page, from 1." };
const PER_PAGE: Param =
    Param { name: "per_page", form: Form::PerPage, about: "Rows of a page; 100 if not given." };
const LANG: Param = Param {
    name: "lang",
    form: Form::OneOf(&["th", "en"]),
    about: "Language of the page; Thai if not given.",
};
const ROUND: Param = Param {
    name: "round",
    form: Form::Round,
    about: "Scoring round, B.E.; the latest in which something was sent if not given.",
};
const CODE: Param = Param { name: "code", form: Form::Code, about: "Only findings of this code." };
const SENT: Param =
    Param { name: "sent", form: Form::Page, about: "Page of the list of submissions, from 1." };
const LIVE: Param = Param {
    name: "live",
    form: Form::OneOf(&["on", "off"]),
    about: "Whether the page renews itself; on if not given.",
};

/// All routes.
pub const ROUTES: &[Route] = &[
    Route {
        path: "/",
        name: "page",
        about: "Page: what came in today, broken archives with their reasons, the inbox.",
        about_th: "หน้าเว็บ: ข้อมูลที่รับวันนี้ ไฟล์เสียพร้อมสาเหตุ และสถานะกล่องรับไฟล์",
        params: &[PAGE, LANG, LIVE],
        content: &[HTML],
        schema: None,
        problems: &[],
        asks_store: true,
        view: pages::today,
    },
    Route {
        path: "/submissions/{id}",
        name: "submission_page",
        about: "Page: one submission, what was wrong with it, and how to mend it.",
        about_th: "หน้าเว็บ: การส่งข้อมูลหนึ่งครั้ง ข้อผิดพลาด และวิธีแก้ไข",
        params: &[PAGE, LANG],
        content: &[HTML],
        schema: None,
        problems: &[problem::NO_SUBMISSION],
        asks_store: true,
        view: pages::submission,
    },
    Route {
        path: "/units/{id}",
        name: "unit_page",
        about: "Page: what a unit sent, what was wrong with it line by line, how to mend it.",
        about_th: "หน้าเว็บ: ข้อมูลที่หน่วยบริการส่ง ข้อผิดพลาดรายแถว และวิธีแก้ไข",
        params: &[ROUND, CODE, PAGE, SENT, LANG],
        content: &[HTML],
        schema: None,
        problems: &[problem::NO_UNIT],
        asks_store: true,
        view: pages::unit,
    },
    Route {
        path: "/units/{id}/findings.csv",
        name: "unit_findings",
        about: "What was said about the rows that a unit sent in a round, for a spreadsheet.",
        about_th: "ข้อผิดพลาดรายแถวของหน่วยบริการในรอบหนึ่ง สำหรับเปิดด้วยโปรแกรมตารางคำนวณ",
        params: &[ROUND, CODE],
        content: &[CSV],
        schema: None,
        problems: &[problem::NO_UNIT],
        asks_store: true,
        view: pages::unit_findings,
    },
    Route {
        path: "/exports",
        name: "exports_page",
        about: "Page: what was exported, to download, and when the next is due.",
        about_th: "หน้าเว็บ: ชุดข้อมูลที่ส่งออก สำหรับดาวน์โหลด และกำหนดครั้งถัดไป",
        params: &[LANG],
        content: &[HTML],
        schema: None,
        problems: &[],
        asks_store: false,
        view: pages::exports,
    },
    Route {
        path: "/api",
        name: "docs_page",
        about: "Page: this list.",
        about_th: "หน้าเว็บ: รายการนี้",
        params: &[LANG],
        content: &[HTML],
        schema: None,
        problems: &[],
        asks_store: false,
        view: docs::page,
    },
    Route {
        path: "/assets/khlang.css",
        name: "style",
        about: "Style sheet of the pages.",
        about_th: "รูปแบบการแสดงผลของหน้าเว็บ",
        params: &[],
        content: &[CSS],
        schema: None,
        problems: &[],
        asks_store: false,
        view: docs::style,
    },
    Route {
        path: "/assets/khlang.js",
        name: "script",
        about: "Script that renews a page in place; every page works without it.",
        about_th: "สคริปต์ปรับปรุงหน้าเว็บ ทุกหน้าใช้งานได้โดยไม่ต้องมี",
        params: &[],
        content: &[JS],
        schema: None,
        problems: &[],
        asks_store: false,
        view: docs::script,
    },
    Route {
        path: "/-/healthy",
        name: "healthy",
        about: "Says ok while the program is alive.",
        about_th: "ตอบ ok ขณะที่โปรแกรมทำงานอยู่",
        params: &[],
        content: &[TEXT],
        schema: None,
        problems: &[],
        asks_store: false,
        view: health::healthy,
    },
    Route {
        path: "/-/ready",
        name: "ready",
        about: "Whether archives can be taken now: database, inbox, disk, clock. 503 when not.",
        about_th: "พร้อมรับไฟล์หรือไม่: ฐานข้อมูล กล่องรับไฟล์ พื้นที่ดิสก์ นาฬิกา",
        params: &[],
        content: &[JSON],
        schema: Some("Ready"),
        problems: &[],
        asks_store: false,
        view: health::ready,
    },
    Route {
        path: "/api/v1/openapi.json",
        name: "openapi",
        about: "The OpenAPI document of these routes.",
        about_th: "เอกสาร OpenAPI ของรายการนี้",
        params: &[],
        content: &[JSON],
        schema: Some("OpenApi"),
        problems: &[],
        asks_store: false,
        view: docs::openapi,
    },
    Route {
        path: "/api/v1/status",
        name: "status",
        about: "Version, time, inbox, totals, and what came in today.",
        about_th: "รุ่นโปรแกรม เวลา กล่องรับไฟล์ ยอดรวม และข้อมูลที่รับวันนี้",
        params: &[],
        content: &[JSON],
        schema: Some("Status"),
        problems: &[],
        asks_store: true,
        view: status::status,
    },
    Route {
        path: "/api/v1/units",
        name: "units",
        about: "The units, each with what it has sent.",
        about_th: "หน่วยบริการ พร้อมข้อมูลที่แต่ละแห่งส่ง",
        params: &[
            Param { name: "cup", form: Form::Hcode, about: "Only units of this main unit." },
            PAGE,
            PER_PAGE,
        ],
        content: &[JSON],
        schema: Some("UnitPage"),
        problems: &[],
        asks_store: true,
        view: status::units,
    },
    Route {
        path: "/api/v1/submissions",
        name: "submissions",
        about: "Submissions, newest first.",
        about_th: "การส่งข้อมูล ล่าสุดก่อน",
        params: &[
            Param { name: "hcode", form: Form::Hcode, about: "Only of this unit." },
            Param { name: "status", form: Form::Status, about: "Only with this status." },
            Param { name: "from", form: Form::Day, about: "Received on this day or later." },
            Param { name: "to", form: Form::Day, about: "Received on this day or earlier." },
            PAGE,
            PER_PAGE,
        ],
        content: &[JSON],
        schema: Some("SubmissionPage"),
        problems: &[],
        asks_store: true,
        view: submissions::list,
    },
    Route {
        path: "/api/v1/submissions/{id}",
        name: "submission",
        about: "One submission, whole, as in its receipt.",
        about_th: "การส่งข้อมูลหนึ่งครั้งทั้งหมด เหมือนในใบตอบรับ",
        params: &[],
        content: &[JSON],
        schema: Some("Submission"),
        problems: &[problem::NO_SUBMISSION],
        asks_store: true,
        view: submissions::one,
    },
    Route {
        path: "/api/v1/submissions/{id}/findings",
        name: "findings",
        about: "What was said about the rows of a submission, in the order of file and line; \
                as CSV all of it.",
        about_th: "ข้อผิดพลาดรายแถวของการส่งข้อมูล เรียงตามแฟ้มและบรรทัด; แบบ CSV ได้ทั้งหมด",
        params: &[
            PAGE,
            PER_PAGE,
            Param {
                name: "format",
                form: Form::OneOf(&["json", "csv"]),
                about: "`csv` for a spreadsheet.",
            },
        ],
        content: &[JSON, CSV],
        schema: Some("FindingPage"),
        problems: &[problem::NO_SUBMISSION],
        asks_store: true,
        view: submissions::of_rows,
    },
    #[cfg(test)]
    super::tests::PANIC,
    #[cfg(test)]
    super::tests::LARGE,
    #[cfg(test)]
    super::tests::ENDLESS,
];

/// Finds routes by path; made from [`ROUTES`].
static ROUTER: LazyLock<matchit::Router<usize>> = LazyLock::new(|| {
    let mut router = matchit::Router::new();
    for (at, route) in ROUTES.iter().enumerate() {
        router.insert(route.path, at).expect("the list is part of the program and tested");
    }
    router
});

/// The route of a path, and the number in it, as written.
pub fn find(path: &str) -> Option<(&'static Route, Option<&str>)> {
    let found = ROUTER.at(path).ok()?;
    Some((&ROUTES[*found.value], found.params.get("id")))
}
