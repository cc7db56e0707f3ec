//! The audit rules in force.

use schemars::JsonSchema;
use serde::Serialize;

use super::library;
use crate::audit::AuditRule;
use crate::http::endpoint::Endpoint;
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::schema::ReplySchema;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.audit_rules",
        schema: Some(ReplySchema::from_type::<RulesReply<'static>>()),
        problems: &[problem::RULES],
        asks_store: false,
        ..Endpoint::api("audit_rules", "/api/v1/audit/rules")
    },
    view: rules,
}];

/// The reply: every rule, by id.
#[derive(Serialize, JsonSchema)]
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
