//! Problems: what can be wrong with a request, as `application/problem+json` with
//! a stable code (RFC 9457). Errors of the layers below become problems here,
//! and nowhere else.

use serde_json::{Value, json};

use crate::access::AccessError;
use crate::app::ResultsError;
use crate::audit::AuditError;
use crate::store::StoreError;

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// Status of the reply.
    pub status: u16,
    /// Stable name, for programs.
    pub code: &'static str,
    /// What it means, for people.
    pub title: &'static str,
    /// The same in Thai, for the error page.
    pub title_th: &'static str,
}

/// Declares every kind once, and the list of them.
macro_rules! kinds {
    ($($name:ident = $status:literal, $code:literal, $title:literal, $thai:literal;)*) => {
        $(#[doc = $title]
        pub const $name: &ProblemKind =
            &ProblemKind { status: $status, code: $code, title: $title, title_th: $thai };)*
        /// Every kind, in the order of status.
        pub const PROBLEM_KINDS: &[&ProblemKind] = &[$($name),*];
    };
}

kinds! {
    MALFORMED = 400, "malformed_request", "The request is not well-formed HTTP", "คำขอไม่ถูกรูปแบบ HTTP";
    INVALID_PARAMETER = 400, "invalid_parameter", "A parameter is not valid", "พารามิเตอร์ไม่ถูกต้อง";
    ARCHIVE_NAME = 400, "archive_name", "The name of the archive is not right", "ชื่อไฟล์ไม่ถูกต้อง";
    NOT_SIGNED_IN = 401, "not_signed_in", "A token is needed here", "ต้องเข้าสู่ระบบด้วยโทเคน";
    TOKEN = 401, "invalid_token", "The token is not valid", "โทเคนใช้ไม่ได้";
    OTHER_UNIT = 403, "other_unit", "The archive is of another unit", "ไฟล์นี้เป็นของหน่วยบริการอื่น";
    NOT_ALLOWED = 403, "not_allowed", "This is not for you", "ไม่มีสิทธิ์ดูหรือทำรายการนี้";
    NO_PAGES = 403, "no_pages_for_role", "This token is for a monitoring system: it may read /metrics and /-/ready (Authorization: Bearer) and opens no pages. For the pages ask the provincial health office for a token of the role unit, cup or province", "โทเคนนี้สำหรับระบบเฝ้าดู ใช้อ่าน /metrics และ /-/ready ผ่าน Authorization: Bearer เท่านั้น เปิดหน้าเว็บไม่ได้ หากต้องการเปิดหน้าเว็บ ขอโทเคนระดับหน่วยบริการ CUP หรือจังหวัดจากสำนักงานสาธารณสุขจังหวัด";
    CROSS_SITE = 403, "cross_site", "The request comes from another site, or its form is too old", "คำขอมาจากเว็บอื่น หรือแบบฟอร์มหมดอายุ กรุณาเปิดหน้าใหม่";
    NOT_LOCAL = 403, "not_local", "Only this machine is served", "ให้บริการเฉพาะเครื่องนี้เท่านั้น";
    NO_ROUTE = 404, "no_such_route", "There is nothing at this address", "ไม่พบหน้าที่ต้องการ";
    NO_SUBMISSION = 404, "no_such_submission", "There is no such submission", "ไม่พบการส่งข้อมูลนี้";
    NO_UNIT = 404, "no_such_unit", "There is no such unit", "ไม่พบหน่วยบริการนี้";
    NO_KPI = 404, "no_such_kpi", "There is no such indicator", "ไม่พบตัวชี้วัดนี้";
    NO_ROUND = 404, "no_such_round", "There is no rulebook of this round", "ไม่พบกติกาของรอบปีนี้";
    NO_EXPORT = 404, "no_such_export", "There is no such export", "ไม่พบข้อมูลส่งออกนี้";
    NO_CASE = 404, "no_such_case", "There is no such audit case", "ไม่พบเรื่องตรวจสอบนี้";
    METHOD = 405, "method_not_allowed", "The method is not allowed here", "ไม่รองรับวิธีเรียกนี้";
    SLOW_HEAD = 408, "slow_request", "The request did not arrive in time", "คำขอมาไม่ครบภายในเวลาที่กำหนด";
    SLOW_BODY = 408, "slow_body", "The body did not arrive in time", "ข้อมูลที่ส่งมาไม่ครบภายในเวลาที่กำหนด";
    STEP_NOT_NOW = 409, "audit_state", "The case stands otherwise: this step cannot be taken now", "ดำเนินการขั้นนี้ไม่ได้ในสถานะปัจจุบันของเรื่อง";
    NAME_WAITS = 409, "name_waits", "Another archive of this name waits", "มีไฟล์ชื่อเดียวกันรออยู่แล้ว";
    CASE_CHANGED = 412, "case_changed", "Somebody else was quicker: the case has changed since it was read", "มีผู้ดำเนินการไปก่อนแล้ว เรื่องนี้เปลี่ยนไปจากที่เห็น";
    BODY_SIZE = 413, "body_too_large", "The body is over the limit", "ข้อมูลที่ส่งใหญ่เกินกำหนด";
    MEDIA_TYPE = 415, "unsupported_media_type", "The body is of a type that is not taken here", "ไม่รองรับชนิดของข้อมูลที่ส่ง";
    EXPECTATION = 417, "unknown_expectation", "The expectation is not known", "ไม่รองรับเงื่อนไข Expect นี้";
    INCOMPLETE_STEP = 422, "audit_step", "The step lacks something, or something in it is wrong", "ข้อมูลของขั้นตอนนี้ไม่ครบหรือไม่ถูกต้อง";
    WRONG_TOKENS = 429, "too_many_wrong_tokens", "Too many wrong tokens", "ใส่โทเคนผิดหลายครั้งเกินไป รอสักครู่แล้วลองใหม่";
    HEAD_SIZE = 431, "head_too_large", "The head of the request is over the limit", "ส่วนหัวของคำขอใหญ่เกินกำหนด";
    PANIC = 500, "internal_error", "The program has a bug here", "โปรแกรมทำงานผิดพลาด";
    RULES = 500, "audit_rules_invalid", "The audit rules cannot be read", "อ่านกฎการตรวจสอบไม่ได้";
    RULEBOOK = 500, "rulebook_invalid", "The rulebook cannot be counted by", "กติกาของรอบปีนี้ใช้คำนวณไม่ได้";
    UNITS = 500, "units_invalid", "The list of units cannot be paid by", "บัญชีหน่วยบริการใช้จ่ายเงินไม่ได้";
    TRANSFER_CODING = 501, "unknown_transfer_coding", "The transfer coding is not known", "ไม่รองรับการเข้ารหัสการส่งนี้";
    CONNECTIONS = 503, "too_many_connections", "Too many connections at once", "มีผู้ใช้พร้อมกันมากเกินไป ลองใหม่อีกครั้ง";
    QUERY_TIMEOUT = 503, "query_timeout", "The query took too long", "ค้นข้อมูลนานเกินกำหนด";
    DATABASE = 503, "database_unavailable", "The database does not answer", "ฐานข้อมูลไม่ตอบ";
    STORAGE = 503, "storage_unavailable", "The disk does not take what was sent", "บันทึกข้อมูลลงดิสก์ไม่ได้";
    QUEUE = 503, "queue_full", "Too many archives wait", "มีไฟล์รอมากเกินไป ลองใหม่ภายหลัง";
    BEING_COMPUTED = 503, "being_computed", "The figures are being computed", "กำลังคำนวณ โปรดลองใหม่ในอีกสักครู่";
    BEING_LOADED = 503, "being_loaded", "An archive is being loaded; nothing else can be written meanwhile", "กำลังโหลดไฟล์ ยังบันทึกไม่ได้ โปรดลองใหม่ในอีกสักครู่";
    RESTARTING = 503, "restarting", "The server is being restarted inside", "ระบบกำลังเริ่มใหม่ ลองอีกครั้ง";
    REPLY_TIMEOUT = 504, "reply_timeout", "The reply was not ready in time", "ตอบไม่ทันภายในเวลาที่กำหนด";
    VERSION = 505, "http_version", "Only HTTP/1.0 and HTTP/1.1 are served", "รองรับเฉพาะ HTTP/1.0 และ HTTP/1.1";
    NO_SPACE = 507, "no_space", "There is not enough room on the disk", "พื้นที่ดิสก์ไม่เพียงพอ";
}

/// Something wrong with one request.
#[derive(Debug)]
pub struct Problem {
    /// Of which kind.
    pub kind: &'static ProblemKind,
    /// What exactly, for the one who asked.
    pub detail: String,
    /// How an audit case stands that could not be changed.
    pub case: Option<CaseStands>,
}

/// How an audit case stands, told beside a step that was refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CaseStands {
    /// Its state.
    pub state: &'static str,
    /// The tag of that, for `If-Match`.
    pub etag: String,
    /// Steps that can be taken now by whoever asks.
    pub allowed: Vec<String>,
}

impl Problem {
    /// A problem of a kind, with what exactly is wrong.
    pub fn new(kind: &'static ProblemKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), case: None }
    }

    /// As a JSON document.
    pub fn json(&self) -> Value {
        let mut told = json!({
            "type": format!("urn:khlang:problem:{}", self.kind.code),
            "title": self.kind.title,
            "status": self.kind.status,
            "code": self.kind.code,
            "detail": self.detail,
        });
        if let Some(case) = &self.case {
            told["case"] = json!(case);
        }
        told
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_deadline() {
            return Self::new(QUERY_TIMEOUT, LESS);
        }
        // What SQLite says may name paths of this machine; it is for the log.
        log::error!("answering a request: {error}");
        Self::new(DATABASE, "see the log of the daemon")
    }
}

/// What helps against a query that takes too long.
const LESS: &str = "ask for less: a shorter period, one unit, a page";

/// What is said of a failure whose cause is in the log.
const LOGGED: &str = "it is in the log of the daemon";

/// A step that was refused is told by the view, which knows the case.
impl From<AuditError> for Problem {
    fn from(error: AuditError) -> Self {
        match error {
            AuditError::Store(error) => Self::from(error),
            error => {
                log::error!("audit: {error}");
                Self::new(PANIC, LOGGED)
            }
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotLocal => {
                let detail = "this machine alone is served until a token has been made there, \
                              and the Host header must name it";
                Self::new(NOT_LOCAL, detail)
            }
            AccessError::InvalidToken => Self::new(TOKEN, "it is unknown, revoked or expired"),
            AccessError::Throttled => Self::new(WRONG_TOKENS, "wait a minute"),
            AccessError::NoPages => {
                let detail = "a token of the role metrics reads /metrics and /-/ready with the \
                              header Authorization: Bearer, and no page";
                Self::new(NO_PAGES, detail)
            }
            AccessError::NoRandom => Self::new(PANIC, LOGGED),
            AccessError::Store(error) => Self::from(error),
        }
    }
}

impl From<ResultsError> for Problem {
    fn from(error: ResultsError) -> Self {
        match error {
            ResultsError::NotReady => Self::new(BEING_COMPUTED, "ask again in a moment"),
            ResultsError::NoKpi => Self::new(NO_KPI, "see /api/v1/kpi"),
            ResultsError::NoRound(_) => Self::new(NO_ROUND, error.to_string()),
            ResultsError::InvalidRulebook => Self::new(RULEBOOK, "khlang config check tells what"),
            ResultsError::NotComputable => Self::new(RULEBOOK, LOGGED),
            ResultsError::InvalidDefinition => Self::new(PANIC, error.to_string()),
            ResultsError::InvalidParameter(name) => Self::new(INVALID_PARAMETER, name),
            ResultsError::TooLong => {
                Self::new(QUERY_TIMEOUT, "it took longer than limits.kpi_ms allows")
            }
            ResultsError::StoreTimeout => Self::new(QUERY_TIMEOUT, LESS),
            ResultsError::Store => Self::new(DATABASE, "see the log of the daemon"),
            ResultsError::Bug => Self::new(PANIC, LOGGED),
        }
    }
}
