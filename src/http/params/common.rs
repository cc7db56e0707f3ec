//! Parameters that several endpoints have.
#![allow(missing_docs, reason = "each says in `about` what it is for")]

use super::{Param, ParamType};
use crate::http::problem::{self, ProblemKind};
use crate::kpi::Level;
use crate::report::Format;

pub const PAGE: Param = Param { name: "page", kind: ParamType::Page, about: "Page, from 1." };
pub const PER_PAGE: Param = Param {
    name: "per_page",
    kind: ParamType::PerPage,
    about: "Rows of a page; 100 if not given.",
};
pub const LANG: Param = Param {
    name: "lang",
    kind: ParamType::OneOf(&["th", "en"]),
    about: "Language of the page; Thai if not given.",
};
pub const UNIT_ROUND: Param = Param {
    name: "round",
    kind: ParamType::Round,
    about: "Scoring round, B.E.; the latest in which something was sent if not given.",
};
pub const CODE: Param =
    Param { name: "code", kind: ParamType::Code, about: "Only findings of this code." };
pub const SEVERITY: Param = Param {
    name: "severity",
    kind: ParamType::OneOf(&["error", "warning", "note", "duplicate"]),
    about: "Only findings of this severity; duplicates, of which nothing is to be mended, are one \
            of their own unless a code is given.",
};
pub const FINDING_STATE: Param = Param {
    name: "state",
    kind: ParamType::OneOf(&["open", "mended"]),
    about: "`open`: only what rejected a row that is still to be mended; `mended`: only of rows \
            whose key has been stored since.",
};
pub const OF_FILE: Param =
    Param { name: "file", kind: ParamType::File, about: "Only findings in this file." };
pub const QUARTER: Param = Param {
    name: "period",
    kind: ParamType::Period,
    about: "B.E. year 2557, quarter 2557Q3 (cumulative) or month 2557-01; the present quarter if \
            not given.",
};

/// Problems of pages that show computed results.
pub const RESULT_PROBLEMS: &[&ProblemKind] =
    &[problem::NO_KPI, problem::NO_UNIT, problem::NOT_ALLOWED, problem::BEING_COMPUTED];
pub const SENT: Param = Param {
    name: "sent",
    kind: ParamType::Page,
    about: "Page of the list of submissions, from 1.",
};
pub const LIVE: Param = Param {
    name: "live",
    kind: ParamType::OneOf(&["on", "off"]),
    about: "Whether the page renews itself; on if not given.",
};

pub const NEXT: Param =
    Param { name: "next", kind: ParamType::Address, about: "Where to go on to, on this site." };

pub const ROUND: Param = Param {
    name: "round",
    kind: ParamType::Round,
    about: "Round, B.E.; that of today if not given.",
};
pub const MONTH: Param = Param {
    name: "month",
    kind: ParamType::Month,
    about: "The month, C.E. or B.E. (2014-03 or 2557-03); this one if not given.",
};
pub const TRANCHE: Param =
    Param { name: "tranche", kind: ParamType::Tranche, about: "Only this tranche." };
pub const UNIT: Param = Param { name: "unit", kind: ParamType::Hcode, about: "Only this unit." };
pub const OF_CUP: Param =
    Param { name: "cup", kind: ParamType::Hcode, about: "Only units of this main unit." };
pub const RULE: Param =
    Param { name: "rule", kind: ParamType::Rule, about: "Only cases of this rule." };
pub const CASE_STATE: Param = Param {
    name: "state",
    kind: ParamType::OneOf(&["selected", "notified", "appealed", "verified", "resolved"]),
    about: "Only cases in this state.",
};
pub const CASE_SEVERITY: Param = Param {
    name: "severity",
    kind: ParamType::OneOf(&["hold", "warn"]),
    about: "Only cases that hold money, or that only warn.",
};
pub const OVERDUE: Param = Param {
    name: "overdue",
    kind: ParamType::OneOf(&["yes", "no"]),
    about: "`yes`: only cases that are not decided and whose last day to appeal is over.",
};
pub const CASE_ROUND: Param =
    Param { name: "round", kind: ParamType::Round, about: "Only cases of this round, B.E." };
pub const BY_MONTH: Param = Param {
    name: "by_month",
    kind: ParamType::OneOf(&["yes", "no"]),
    about: "Points by month, too; no if not given.",
};
pub const PERIOD: Param = Param {
    name: "period",
    kind: ParamType::Period,
    about: "B.E. year 2557, quarter 2557Q3 (cumulative) or month 2557-01; this fiscal year if not \
            given.",
};
pub const LEVEL: Param = Param {
    name: "level",
    kind: ParamType::OneOf(Level::NAMES),
    about: "How units are summed up; `unit` if not given.",
};
pub const GROUP: Param = Param {
    name: "group",
    kind: ParamType::Address,
    about: "Only the row of this code, whatever the level: an HCODE, a district.",
};
pub const FORMAT: Param = Param {
    name: "format",
    kind: ParamType::OneOf(Format::NAMES),
    about: "Form of the reply; `json` if not given.",
};
pub const DOCUMENT: Param = Param {
    name: "format",
    kind: ParamType::OneOf(Format::OF_STATEMENTS),
    about: "Form of the reply; `json` if not given.",
};
pub const OF_UNIT: Param = Param {
    name: "unit",
    kind: ParamType::Hcode,
    about: "Only the row of this unit, or of the group that it is in.",
};
pub const OF_HCODE: Param =
    Param { name: "hcode", kind: ParamType::Hcode, about: "Only of this unit." };
pub const OF_STATUS: Param =
    Param { name: "status", kind: ParamType::Status, about: "Only with this status." };
pub const FROM: Param =
    Param { name: "from", kind: ParamType::Day, about: "Received on this day or later." };
pub const TO: Param =
    Param { name: "to", kind: ParamType::Day, about: "Received on this day or earlier." };
pub const SEARCH: Param = Param {
    name: "q",
    kind: ParamType::Words,
    about: "Only units of which the code or the name has this.",
};
pub const OF_DISTRICT: Param =
    Param { name: "district", kind: ParamType::Words, about: "Only units of this district." };
pub const LAST_SENT: Param = Param {
    name: "last",
    kind: ParamType::OneOf(&["accepted", "partial", "broken", "void", "never"]),
    about: "Only units whose last archive has this status, or that never sent one.",
};
