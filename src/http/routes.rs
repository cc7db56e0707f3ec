//! Every route, in one list. The router, the `OpenAPI` document and the page
//! that explains the API all follow from it.

use std::sync::LazyLock;

use super::call::{Call, Form, Param};
use super::problem::{self, Kind, Problem};
use super::reply::{CSS, CSV, HTML, JSON, Reply, TEXT};
use super::views::{archives, docs, health, pages, status, submissions};

/// Methods of a route that only reads.
pub const READS: &[&str] = &["GET", "HEAD"];

/// The method of a route that changes something.
pub const POST: &[&str] = &["POST"];

/// What comes with a request, and how much of it is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    None,
    /// Fields of a form, at most `limits.form_bytes`.
    Form,
    /// An archive, written to disk as it comes.
    Archive,
}

/// One route.
pub struct Route {
    /// Its path; `{id}` is the number of a submission.
    pub path: &'static str,
    /// The methods it takes; a path may have a route for reading and one for
    /// changing.
    pub methods: &'static [&'static str],
    /// What comes with a request.
    pub body: Body,
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
const LIVE: Param = Param {
    name: "live",
    form: Form::OneOf(&["on", "off"]),
    about: "Whether the page renews itself; on if not given.",
};

/// All routes.
pub const ROUTES: &[Route] = &[
    Route {
        path: "/",
        methods: READS,
        body: Body::None,
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
        methods: READS,
        body: Body::None,
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
        path: "/api",
        methods: READS,
        body: Body::None,
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
        methods: READS,
        body: Body::None,
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
        path: "/-/healthy",
        methods: READS,
        body: Body::None,
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
        methods: READS,
        body: Body::None,
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
        methods: READS,
        body: Body::None,
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
        methods: READS,
        body: Body::None,
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
        methods: READS,
        body: Body::None,
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
        methods: READS,
        body: Body::None,
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
        methods: READS,
        body: Body::None,
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
        methods: READS,
        body: Body::None,
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
    Route {
        path: "/api/v1/archives",
        methods: POST,
        body: Body::Archive,
        name: "send_archive",
        about: "Takes an archive: the zip as body with its name in X-Archive-Name, or as the file \
                of a form. Answers 202 with the number of its submission.",
        about_th: "ส่งไฟล์: zip เป็นเนื้อหาคำขอ ชื่อไฟล์อยู่ใน X-Archive-Name หรือส่งแบบฟอร์ม ตอบ 202 \
                   พร้อมเลขที่การส่ง",
        params: &[],
        content: &[JSON],
        schema: Some("Pending"),
        problems: &[
            problem::ARCHIVE_NAME,
            problem::OTHER_UNIT,
            problem::CROSS_ORIGIN,
            problem::NAME_WAITS,
            problem::QUEUE,
            problem::STORAGE,
            problem::RESTARTING,
            problem::DATABASE,
            problem::NO_SPACE,
        ],
        asks_store: false,
        view: archives::take,
    },
    #[cfg(test)]
    super::tests::PANIC,
    #[cfg(test)]
    super::tests::LARGE,
    #[cfg(test)]
    super::tests::ENDLESS,
    #[cfg(test)]
    super::tests::FORM,
    #[cfg(test)]
    super::tests::FORM_PAGE,
    #[cfg(test)]
    super::tests::ARCHIVE,
];

/// Finds routes by path; made from [`ROUTES`].
static ROUTER: LazyLock<matchit::Router<Vec<usize>>> = LazyLock::new(|| {
    let mut router = matchit::Router::new();
    for (at, route) in ROUTES.iter().enumerate() {
        if ROUTES[..at].iter().all(|before| before.path != route.path) {
            let same = ROUTES.iter().enumerate().filter(|(_, other)| other.path == route.path);
            let same = same.map(|(at, _)| at).collect();
            router.insert(route.path, same).expect("the list is part of the program and tested");
        }
    }
    router
});

/// What a path and a method lead to.
pub enum Found<'p> {
    /// A route, and the number in its path, as written.
    Route(&'static Route, Option<&'p str>),
    /// There is such a path, but it takes other methods.
    Other(Vec<&'static str>),
    /// Nothing.
    Nothing,
}

/// The route of a path and a method.
pub fn find<'p>(method: &str, path: &'p str) -> Found<'p> {
    let Ok(found) = ROUTER.at(path) else { return Found::Nothing };
    let mut routes = found.value.iter().map(|at| &ROUTES[*at]);
    match routes.clone().find(|route| route.methods.contains(&method)) {
        Some(route) => Found::Route(route, found.params.get("id")),
        None => Found::Other(routes.by_ref().flat_map(|route| route.methods).copied().collect()),
    }
}
