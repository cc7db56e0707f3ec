//! Every route, in one list. The router, the `OpenAPI` document and the page
//! that explains the API all follow from it.

use std::sync::LazyLock;

use super::call::{Call, Form, Param};
use super::problem::{self, Kind, Problem};
use super::reply::{CSS, CSV, HTML, JS, JSON, METRICS, Reply, TEXT, XLSX};
use super::views::{
    access, archives, docs, expected, exports, health, kpi, metrics, pages, rounds, sign_in,
    status, submissions,
};
use crate::access::Role;

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

/// Whom a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody: it tells nothing of the data.
    Public,
    /// Those with one of these roles; what of it they see is the view's to say.
    Roles(&'static [Role]),
}

/// Those who see data, each their own.
pub const DATA: Access = Access::Roles(&[Role::Province, Role::Cup, Role::Unit]);

/// Those who see how the program is.
pub const SYSTEM: Access = Access::Roles(&[Role::Province, Role::Metrics]);

/// The province alone.
pub const PROVINCE: Access = Access::Roles(&[Role::Province]);

/// One route.
pub struct Route {
    /// Its path; `{id}` is the number of a submission.
    pub path: &'static str,
    /// The methods it takes; a path may have a route for reading and one for
    /// changing.
    pub methods: &'static [&'static str],
    /// What comes with a request.
    pub body: Body,
    /// Whom it is for.
    pub access: Access,
    /// Whether it shows data of persons, so that every reading is logged.
    pub personal: bool,
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
const UNIT_ROUND: Param = Param {
    name: "round",
    form: Form::Round,
    about: "Scoring round, B.E.; the latest in which something was sent if not given.",
};
const CODE: Param = Param { name: "code", form: Form::Code, about: "Only findings of this code." };
const QUARTER: Param = Param {
    name: "period",
    form: Form::Period,
    about: "B.E. year 2557, quarter 2557Q3 (cumulative) or month 2557-01; the present quarter if \
            not given.",
};
/// What may be wrong with a page of figures.
const FIGURES: &[&Kind] =
    &[problem::NO_KPI, problem::NO_UNIT, problem::NOT_ALLOWED, problem::BEING_COMPUTED];
const SENT: Param =
    Param { name: "sent", form: Form::Page, about: "Page of the list of submissions, from 1." };
const LIVE: Param = Param {
    name: "live",
    form: Form::OneOf(&["on", "off"]),
    about: "Whether the page renews itself; on if not given.",
};

const NEXT: Param =
    Param { name: "next", form: Form::Address, about: "Where to go on to, on this site." };

const ROUND: Param =
    Param { name: "round", form: Form::Round, about: "Round, B.E.; that of today if not given." };
const MONTH: Param =
    Param { name: "month", form: Form::Month, about: "The month; this one if not given." };
const TRANCHE: Param = Param { name: "tranche", form: Form::Tranche, about: "Only this tranche." };
const UNIT: Param = Param { name: "unit", form: Form::Hcode, about: "Only this unit." };
const BY_MONTH: Param = Param {
    name: "by_month",
    form: Form::OneOf(&["yes", "no"]),
    about: "Points by month, too; no if not given.",
};
const PERIOD: Param = Param {
    name: "period",
    form: Form::Period,
    about: "B.E. year 2557, quarter 2557Q3 (cumulative) or month 2557-01; this fiscal year if not \
            given.",
};
const LEVEL: Param = Param {
    name: "level",
    form: Form::OneOf(&["unit", "cup", "network", "district", "province", "class"]),
    about: "How units are summed up; `unit` if not given.",
};
const GROUP: Param = Param {
    name: "group",
    form: Form::Address,
    about: "Only the row of this code, whatever the level: an HCODE, a district.",
};
const FORMAT: Param = Param {
    name: "format",
    form: Form::OneOf(&["json", "csv", "xlsx", "html"]),
    about: "Form of the reply; `json` if not given.",
};
const DOCUMENT: Param = Param {
    name: "format",
    form: Form::OneOf(&["json", "html", "xlsx"]),
    about: "Form of the reply; `json` if not given.",
};

/// All routes.
pub const ROUTES: &[Route] = &[
    Route {
        path: "/",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
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
        access: DATA,
        personal: true,
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
        path: "/units/{hcode}",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: true,
        name: "unit_page",
        about: "Page: what a unit sent, what was wrong with it line by line, how to mend it.",
        about_th: "หน้าเว็บ: ข้อมูลที่หน่วยบริการส่ง ข้อผิดพลาดรายแถว และวิธีแก้ไข",
        params: &[UNIT_ROUND, CODE, PAGE, SENT, LANG],
        content: &[HTML],
        schema: None,
        problems: &[problem::NO_UNIT],
        asks_store: true,
        view: pages::unit,
    },
    Route {
        path: "/units/{hcode}/findings.csv",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: true,
        name: "unit_findings",
        about: "What was said about the rows that a unit sent in a round, for a spreadsheet.",
        about_th: "ข้อผิดพลาดรายแถวของหน่วยบริการในรอบหนึ่ง สำหรับเปิดด้วยโปรแกรมตารางคำนวณ",
        params: &[UNIT_ROUND, CODE],
        content: &[CSV],
        schema: None,
        problems: &[problem::NO_UNIT],
        asks_store: true,
        view: pages::unit_findings,
    },
    Route {
        path: "/expected",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "expected_page",
        about: "Page: who has not sent in a month, by main unit.",
        about_th: "หน้าเว็บ: หน่วยบริการที่ยังไม่ส่งข้อมูลของเดือน แยกตาม CUP",
        params: &[MONTH, LANG],
        content: &[HTML],
        schema: None,
        problems: &[problem::BEING_COMPUTED],
        asks_store: true,
        view: pages::expected,
    },
    Route {
        path: "/quality",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "quality_page",
        about: "Page: quality against the bands, and points, of each unit.",
        about_th: "หน้าเว็บ: คุณภาพข้อมูลเทียบเกณฑ์ และคะแนนของแต่ละหน่วยบริการ",
        params: &[ROUND, TRANCHE, LANG],
        content: &[HTML],
        schema: None,
        problems: &[problem::NO_ROUND, problem::RULEBOOK, problem::BEING_COMPUTED],
        asks_store: true,
        view: pages::quality,
    },
    Route {
        path: "/kpi",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "kpis_page",
        about: "Page: every indicator with its value, target and quarters, for who looks.",
        about_th: "หน้าเว็บ: ตัวชี้วัดทั้งหมด พร้อมผลงาน เป้าหมาย และแนวโน้มรายไตรมาส",
        params: &[QUARTER, LANG],
        content: &[HTML],
        schema: None,
        problems: FIGURES,
        asks_store: true,
        view: pages::kpis,
    },
    Route {
        path: "/kpi/{kpi}",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "kpi_page",
        about: "Page: an indicator: groups against the target, months, what it means.",
        about_th: "หน้าเว็บ: ตัวชี้วัดหนึ่งตัว เทียบเป้าหมาย รายเดือน และนิยาม",
        params: &[QUARTER, LEVEL, LANG],
        content: &[HTML],
        schema: None,
        problems: FIGURES,
        asks_store: true,
        view: pages::indicator,
    },
    Route {
        path: "/kpi/{kpi}/explain",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: true,
        name: "explain_page",
        about: "Page: where a unit loses people on the way to an indicator, and whom it misses.",
        about_th: "หน้าเว็บ: ที่มาของตัวชี้วัดในหน่วยบริการ และรายชื่อผู้ที่ยังขาด",
        params: &[
            Param { name: "unit", form: Form::Hcode, about: "The unit." },
            QUARTER,
            Param { name: "person", form: Form::Pid, about: "One person: the number at the unit." },
            Param { name: "cid", form: Form::OneOf(&["on", "off"]), about: "Citizen IDs whole." },
            PAGE,
            LANG,
        ],
        content: &[HTML],
        schema: None,
        problems: FIGURES,
        asks_store: true,
        view: pages::explain,
    },
    Route {
        path: "/exports",
        methods: READS,
        body: Body::None,
        access: PROVINCE,
        personal: false,
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
        methods: READS,
        body: Body::None,
        access: Access::Public,
        personal: false,
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
        access: Access::Public,
        personal: false,
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
        methods: READS,
        body: Body::None,
        access: Access::Public,
        personal: false,
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
        methods: READS,
        body: Body::None,
        access: Access::Public,
        personal: false,
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
        access: Access::Public,
        personal: false,
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
        path: "/metrics",
        methods: READS,
        body: Body::None,
        access: SYSTEM,
        personal: false,
        name: "metrics",
        about: "Numbers for a monitoring system, in the text format of Prometheus.",
        about_th: "ตัวเลขสำหรับระบบเฝ้าระวัง ในรูปแบบของ Prometheus",
        params: &[],
        content: &[METRICS],
        schema: None,
        problems: &[],
        asks_store: true,
        view: metrics::metrics,
    },
    Route {
        path: "/api/v1/openapi.json",
        methods: READS,
        body: Body::None,
        access: Access::Public,
        personal: false,
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
        access: DATA,
        personal: false,
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
        access: DATA,
        personal: false,
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
        access: DATA,
        personal: false,
        name: "submissions",
        about: "Submissions, newest first.",
        about_th: "การส่งข้อมูล ล่าสุดก่อน",
        params: &[
            Param { name: "hcode", form: Form::Hcode, about: "Only of this unit." },
            Param { name: "status", form: Form::Status, about: "Only with this status." },
            Param { name: "from", form: Form::Day, about: "Received on this day or later." },
            Param { name: "to", form: Form::Day, about: "Received on this day or earlier." },
            Param {
                name: "sort",
                form: Form::OneOf(&["-id", "id", "hcode", "archive", "-bytes"]),
                about: "Order; `-id`, the newest first, if not given.",
            },
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
        access: DATA,
        personal: true,
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
        access: DATA,
        personal: true,
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
        path: "/sign-in",
        methods: READS,
        body: Body::None,
        access: Access::Public,
        personal: false,
        name: "sign_in_page",
        about: "Page: sign in with a token.",
        about_th: "หน้าเว็บ: เข้าสู่ระบบด้วยโทเคน",
        params: &[LANG, NEXT],
        content: &[HTML],
        schema: None,
        problems: &[],
        asks_store: false,
        view: sign_in::form,
    },
    Route {
        path: "/sign-in",
        methods: POST,
        body: Body::Form,
        access: Access::Public,
        personal: false,
        name: "sign_in",
        about: "Signs a browser in: the form has the token, and where to go on to.",
        about_th: "เข้าสู่ระบบ: แบบฟอร์มมีโทเคนและหน้าที่จะไปต่อ",
        params: &[LANG],
        content: &[HTML],
        schema: None,
        problems: &[],
        asks_store: false,
        view: sign_in::sign_in,
    },
    Route {
        path: "/sign-out",
        methods: POST,
        body: Body::Form,
        access: Access::Public,
        personal: false,
        name: "sign_out",
        about: "Ends the session of a browser.",
        about_th: "ออกจากระบบ",
        params: &[],
        content: &[HTML],
        schema: None,
        problems: &[],
        asks_store: false,
        view: sign_in::sign_out,
    },
    Route {
        path: "/api/v1/access",
        methods: READS,
        body: Body::None,
        access: PROVINCE,
        personal: false,
        name: "access_log",
        about: "Who read data of persons and who changed something, newest first.",
        about_th: "ใครดูข้อมูลบุคคลและใครแก้ไขอะไร ล่าสุดก่อน",
        params: &[
            Param { name: "from", form: Form::Day, about: "On this day or later." },
            Param { name: "to", form: Form::Day, about: "On this day or earlier." },
            PAGE,
            PER_PAGE,
        ],
        content: &[JSON],
        schema: Some("AccessPage"),
        problems: &[],
        asks_store: false,
        view: access::log,
    },
    Route {
        path: "/api/v1/expected",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "expected",
        about: "Who has sent in a month and who has not; those who have not come first.",
        about_th: "ใครส่งข้อมูลแล้วหรือยังไม่ส่งในเดือนนั้น",
        params: &[
            MONTH,
            Param {
                name: "sent",
                form: Form::OneOf(&["yes", "no"]),
                about: "Only who has, or has not.",
            },
            Param { name: "cup", form: Form::Hcode, about: "Only units of this main unit." },
            PAGE,
            PER_PAGE,
        ],
        content: &[JSON],
        schema: Some("ExpectedPage"),
        problems: &[problem::BEING_COMPUTED],
        asks_store: true,
        view: expected::list,
    },
    Route {
        path: "/api/v1/score",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "score",
        about: "Points and quality of a round, by unit, as `khlang score --json`.",
        about_th: "คะแนนและคุณภาพของรอบปี รายหน่วยบริการ",
        params: &[ROUND, UNIT, BY_MONTH],
        content: &[JSON],
        schema: Some("Score"),
        problems: &[problem::BEING_COMPUTED, problem::NO_ROUND, problem::RULEBOOK],
        asks_store: true,
        view: rounds::score,
    },
    Route {
        path: "/api/v1/quality",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "quality",
        about: "Quality of a round, by unit and tranche.",
        about_th: "คุณภาพข้อมูลของรอบปี รายหน่วยบริการและงวด",
        params: &[ROUND, TRANCHE, UNIT],
        content: &[JSON],
        schema: Some("Quality"),
        problems: &[problem::BEING_COMPUTED, problem::NO_ROUND, problem::RULEBOOK],
        asks_store: true,
        view: rounds::quality,
    },
    Route {
        path: "/api/v1/allocation",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "allocation",
        about: "The money of a round, by main unit and unit, as `khlang allocate --json`.",
        about_th: "การจัดสรรเงินของรอบปี รายหน่วยบริการประจำและหน่วยบริการ",
        params: &[ROUND, UNIT],
        content: &[JSON],
        schema: Some("Allocation"),
        problems: &[problem::BEING_COMPUTED, problem::NO_ROUND, problem::RULEBOOK],
        asks_store: true,
        view: rounds::allocation,
    },
    Route {
        path: "/api/v1/statements/{cup}",
        methods: READS,
        body: Body::None,
        access: Access::Roles(&[Role::Province, Role::Cup]),
        personal: true,
        name: "statement",
        about: "What a main unit is told about its money.",
        about_th: "ใบแจ้งผลการจัดสรรเงินของหน่วยบริการประจำ",
        params: &[ROUND, DOCUMENT, LANG],
        content: &[JSON, HTML, XLSX],
        schema: Some("Document"),
        problems: &[
            problem::BEING_COMPUTED,
            problem::NO_ROUND,
            problem::NO_UNIT,
            problem::RULEBOOK,
        ],
        asks_store: true,
        view: rounds::statement_of,
    },
    Route {
        path: "/api/v1/kpi",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "kpis",
        about: "Every indicator with its names, targets and source.",
        about_th: "ตัวชี้วัดทั้งหมด พร้อมเป้าหมายและที่มา",
        params: &[],
        content: &[JSON],
        schema: Some("KpiList"),
        problems: &[],
        asks_store: false,
        view: kpi::list,
    },
    Route {
        path: "/api/v1/kpi/{kpi}",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: false,
        name: "kpi",
        about: "An indicator for a period, by group; small counts of other units are not shown.",
        about_th: "ผลตัวชี้วัดตามช่วงเวลาและระดับ จำนวนน้อยของหน่วยอื่นจะไม่แสดง",
        params: &[PERIOD, LEVEL, GROUP, FORMAT, LANG],
        content: &[JSON, CSV, XLSX, HTML],
        schema: Some("Kpi"),
        problems: &[problem::BEING_COMPUTED, problem::NO_KPI],
        asks_store: true,
        view: kpi::one,
    },
    Route {
        path: "/api/v1/kpi/{kpi}/explain",
        methods: READS,
        body: Body::None,
        access: DATA,
        personal: true,
        name: "kpi_explain",
        about: "Where a unit loses people, and whom it misses; or why one person counts.",
        about_th: "เหตุที่นับหรือไม่นับ และรายชื่อผู้ที่ยังขาด",
        params: &[
            PERIOD,
            UNIT,
            Param { name: "person", form: Form::Cid, about: "Citizen ID of one person." },
            PAGE,
            PER_PAGE,
            Param {
                name: "format",
                form: Form::OneOf(&["json", "csv"]),
                about: "`csv` for all whom the unit misses.",
            },
        ],
        content: &[JSON, CSV],
        schema: Some("KpiExplained"),
        problems: &[problem::BEING_COMPUTED, problem::NO_KPI, problem::NO_UNIT],
        asks_store: true,
        view: kpi::explain,
    },
    Route {
        path: "/api/v1/exports",
        methods: READS,
        body: Body::None,
        access: PROVINCE,
        personal: false,
        name: "exports",
        about: "Finished exports with their files.",
        about_th: "ข้อมูลส่งออกที่เสร็จแล้ว พร้อมไฟล์",
        params: &[
            Param { name: "name", form: Form::Address, about: "Only of this name." },
            PAGE,
            PER_PAGE,
        ],
        content: &[JSON],
        schema: Some("ExportPage"),
        problems: &[problem::STORAGE],
        asks_store: false,
        view: exports::list,
    },
    Route {
        path: "/api/v1/exports/{name}/{stamp}/{file}",
        methods: READS,
        body: Body::None,
        access: PROVINCE,
        personal: false,
        name: "export_file",
        about: "A file of an export.",
        about_th: "ไฟล์ของข้อมูลส่งออก",
        params: &[],
        content: &[JSON, CSV, XLSX, HTML],
        schema: None,
        problems: &[problem::NO_EXPORT, problem::STORAGE],
        asks_store: false,
        view: exports::file,
    },
    Route {
        path: "/api/v1/archives",
        methods: POST,
        body: Body::Archive,
        access: DATA,
        personal: false,
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
    /// A route, and the parts of its path by name, as written.
    Route(&'static Route, Vec<(&'static str, &'p str)>),
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
        Some(route) => Found::Route(route, found.params.iter().collect()),
        None => Found::Other(routes.by_ref().flat_map(|route| route.methods).copied().collect()),
    }
}
