//! Parameters that several routes have.

use crate::http::call::{Form, Param};
use crate::http::problem::{self, Kind};
use crate::kpi::Level;
use crate::report::Format;

/// See its `about`.
pub const PAGE: Param = Param { name: "page", form: Form::Page, about: "Page, from 1." };
/// See its `about`.
pub const PER_PAGE: Param =
    Param { name: "per_page", form: Form::PerPage, about: "Rows of a page; 100 if not given." };
/// See its `about`.
pub const LANG: Param = Param {
    name: "lang",
    form: Form::OneOf(&["th", "en"]),
    about: "Language of the page; Thai if not given.",
};
/// See its `about`.
pub const UNIT_ROUND: Param = Param {
    name: "round",
    form: Form::Round,
    about: "Scoring round, B.E.; the latest in which something was sent if not given.",
};
/// See its `about`.
pub const CODE: Param =
    Param { name: "code", form: Form::Code, about: "Only findings of this code." };
/// See its `about`.
pub const SEVERITY: Param = Param {
    name: "severity",
    form: Form::OneOf(&["error", "warning", "note"]),
    about: "Only findings of this severity.",
};
/// See its `about`.
pub const QUARTER: Param = Param {
    name: "period",
    form: Form::Period,
    about: "B.E. year 2557, quarter 2557Q3 (cumulative) or month 2557-01; the present quarter if \
            not given.",
};
/// What may be wrong with a page of figures.
/// See its `about`.
pub const FIGURES: &[&Kind] =
    &[problem::NO_KPI, problem::NO_UNIT, problem::NOT_ALLOWED, problem::BEING_COMPUTED];
/// See its `about`.
pub const SENT: Param =
    Param { name: "sent", form: Form::Page, about: "Page of the list of submissions, from 1." };
/// See its `about`.
pub const LIVE: Param = Param {
    name: "live",
    form: Form::OneOf(&["on", "off"]),
    about: "Whether the page renews itself; on if not given.",
};

/// See its `about`.
pub const NEXT: Param =
    Param { name: "next", form: Form::Address, about: "Where to go on to, on this site." };

/// See its `about`.
pub const ROUND: Param =
    Param { name: "round", form: Form::Round, about: "Round, B.E.; that of today if not given." };
/// See its `about`.
pub const MONTH: Param =
    Param { name: "month", form: Form::Month, about: "The month; this one if not given." };
/// See its `about`.
pub const TRANCHE: Param =
    Param { name: "tranche", form: Form::Tranche, about: "Only this tranche." };
/// See its `about`.
pub const UNIT: Param = Param { name: "unit", form: Form::Hcode, about: "Only this unit." };
/// See its `about`.
pub const BY_MONTH: Param = Param {
    name: "by_month",
    form: Form::OneOf(&["yes", "no"]),
    about: "Points by month, too; no if not given.",
};
/// See its `about`.
pub const PERIOD: Param = Param {
    name: "period",
    form: Form::Period,
    about: "B.E. year 2557, quarter 2557Q3 (cumulative) or month 2557-01; this fiscal year if not \
            given.",
};
/// See its `about`.
pub const LEVEL: Param = Param {
    name: "level",
    form: Form::OneOf(Level::NAMES),
    about: "How units are summed up; `unit` if not given.",
};
/// See its `about`.
pub const GROUP: Param = Param {
    name: "group",
    form: Form::Address,
    about: "Only the row of this code, whatever the level: an HCODE, a district.",
};
/// See its `about`.
pub const FORMAT: Param = Param {
    name: "format",
    form: Form::OneOf(Format::NAMES),
    about: "Form of the reply; `json` if not given.",
};
/// See its `about`.
pub const DOCUMENT: Param = Param {
    name: "format",
    form: Form::OneOf(Format::OF_STATEMENTS),
    about: "Form of the reply; `json` if not given.",
};
/// See its `about`.
pub const OF_UNIT: Param = Param {
    name: "unit",
    form: Form::Hcode,
    about: "Only the row of this unit, or of the group that it is in.",
};
