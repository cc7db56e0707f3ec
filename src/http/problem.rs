//! Problems: what can be wrong with a request, as `application/problem+json` with
//! a stable code (RFC 9457). Errors of the layers below become problems here,
//! and nowhere else.

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::AccessError;
use crate::app::ResultsError;
use crate::audit::AuditError;
use crate::store::StoreError;
use crate::text::{Bilingual, text};

/// A kind of problem.
#[derive(Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// Status of the reply.
    pub status: u16,
    /// Key of its title in the texts of the program: `problem.` and its code.
    key: &'static str,
}

impl ProblemKind {
    /// Stable name, for programs.
    pub fn code(&self) -> &'static str {
        self.key.split_once('.').map_or(self.key, |(_, code)| code)
    }

    /// What it means, for people.
    pub fn title(&self) -> &'static Bilingual {
        text(self.key)
    }
}

/// Declares every kind once, and the list of them.
macro_rules! kinds {
    ($($name:ident = $status:literal, $key:literal;)*) => {
        $(#[doc = concat!("Status ", $status, ": `", $key, "` in `texts.csv`.")]
        pub const $name: &ProblemKind = &ProblemKind { status: $status, key: $key };)*
        /// Every kind, in the order of status.
        pub const PROBLEM_KINDS: &[&ProblemKind] = &[$($name),*];
    };
}

kinds! {
    MALFORMED = 400, "problem.malformed_request";
    INVALID_PARAMETER = 400, "problem.invalid_parameter";
    ARCHIVE_NAME = 400, "problem.archive_name";
    NOT_SIGNED_IN = 401, "problem.not_signed_in";
    TOKEN = 401, "problem.invalid_token";
    OTHER_UNIT = 403, "problem.other_unit";
    NOT_ALLOWED = 403, "problem.not_allowed";
    NO_PAGES = 403, "problem.no_pages_for_role";
    CROSS_SITE = 403, "problem.cross_site";
    NOT_LOCAL = 403, "problem.not_local";
    NO_ROUTE = 404, "problem.no_such_route";
    NO_SUBMISSION = 404, "problem.no_such_submission";
    NO_UNIT = 404, "problem.no_such_unit";
    NO_KPI = 404, "problem.no_such_kpi";
    NO_ROUND = 404, "problem.no_such_round";
    NO_EXPORT = 404, "problem.no_such_export";
    NO_BATCH = 404, "problem.no_such_batch";
    NO_REP = 404, "problem.no_such_rep";
    NO_CASE = 404, "problem.no_such_case";
    METHOD = 405, "problem.method_not_allowed";
    SLOW_HEAD = 408, "problem.slow_request";
    SLOW_BODY = 408, "problem.slow_body";
    NAME_WAITS = 409, "problem.name_waits";
    STEP_NOT_NOW = 409, "problem.audit_state";
    CASE_CHANGED = 412, "problem.case_changed";
    BODY_SIZE = 413, "problem.body_too_large";
    MEDIA_TYPE = 415, "problem.unsupported_media_type";
    EXPECTATION = 417, "problem.unknown_expectation";
    INCOMPLETE_STEP = 422, "problem.audit_step";
    WRONG_TOKENS = 429, "problem.too_many_wrong_tokens";
    HEAD_SIZE = 431, "problem.head_too_large";
    PANIC = 500, "problem.internal_error";
    RULEBOOK = 500, "problem.rulebook_invalid";
    UNITS = 500, "problem.units_invalid";
    RULES = 500, "problem.audit_rules_invalid";
    TRANSFER_CODING = 501, "problem.unknown_transfer_coding";
    CONNECTIONS = 503, "problem.too_many_connections";
    QUERY_TIMEOUT = 503, "problem.query_timeout";
    DATABASE = 503, "problem.database_unavailable";
    STORAGE = 503, "problem.storage_unavailable";
    QUEUE = 503, "problem.queue_full";
    BEING_COMPUTED = 503, "problem.being_computed";
    RESTARTING = 503, "problem.restarting";
    BEING_LOADED = 503, "problem.being_loaded";
    REPLY_TIMEOUT = 504, "problem.reply_timeout";
    VERSION = 505, "problem.http_version";
    NO_SPACE = 507, "problem.no_space";
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
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

    /// What the client is told.
    pub fn details(&self) -> ProblemDetails<'_> {
        let (status, code) = (self.kind.status, self.kind.code());
        let kind = format!("urn:khlang:problem:{code}");
        let title = &self.kind.title().en;
        let case = self.case.as_ref();
        ProblemDetails { kind, title, status, code, detail: &self.detail, case }
    }
}

/// A problem as its client gets it (RFC 9457).
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProblemDetails<'a> {
    /// Its code as a URI.
    #[serde(rename = "type")]
    kind: String,
    /// What it means, for people.
    title: &'a str,
    /// Status of the reply.
    status: u16,
    /// Stable name, for programs.
    #[schemars(extend("enum" = codes()))]
    code: &'a str,
    /// What exactly is wrong.
    detail: &'a str,
    /// How the audit case stands that could not be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    case: Option<&'a CaseStands>,
}

fn codes() -> Vec<&'static str> {
    PROBLEM_KINDS.iter().map(|kind| kind.code()).collect()
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
