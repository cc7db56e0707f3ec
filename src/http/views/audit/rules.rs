//! The audit rules in force.

use serde::Serialize;

use super::library;
use crate::audit::AuditRule;
use crate::http::endpoint::Endpoint;
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "The audit rules in force: thresholds, sources, local defaults, as `khlang audit \
                rules --json`.",
        about_th: "กฎการตรวจสอบที่ใช้อยู่ พร้อมเกณฑ์ ที่มา และค่าที่กำหนดเอง",
        schema: Some("AuditRules"),
        problems: &[problem::RULES],
        asks_store: false,
        ..Endpoint::api("audit_rules", "/api/v1/audit/rules")
    },
    view: rules,
}];

/// The reply: every rule, by id.
#[derive(Serialize)]
#[serde(transparent)]
struct RulesReply<'a> {
    /// The rules.
    rules: Vec<&'a AuditRule>,
}

/// `/api/v1/audit/rules`
pub fn rules(request: &Request) -> Result<Reply, Problem> {
    let library = library(request)?;
    Reply::json(&RulesReply { rules: library.rules.values().collect() })
}
