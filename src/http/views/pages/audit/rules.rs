//! `/audit/rules`: each rule with its thresholds, its source, and what no
//! public source says.

use serde::Serialize;
use serde_json::json;

use super::{one, threshold};
use crate::http::endpoint::Endpoint;
use crate::http::page::{self, Frame};
use crate::http::params::common::LANG;
use crate::http::problem::{self, Problem};
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::http::route::Route;
use crate::http::views::audit::library;

/// The route answered here.
pub const ROUTES: &[Route] = &[Route {
    endpoint: Endpoint {
        about: "route.audit_rules_page",
        params: &[LANG],
        problems: &[problem::RULES],
        asks_store: false,
        ..Endpoint::page("audit_rules_page", "/audit/rules")
    },
    view: rules,
}];

#[derive(Serialize)]
struct RuleItem {
    id: String,
    name: String,
    says: String,
    hold: Option<String>,
    warn: Option<String>,
    source: String,
    local_defaults: Vec<String>,
    own: bool,
}

/// Rules of one item of the rulebook.
#[derive(Serialize)]
struct RulesOfItem {
    item: String,
    rules: Vec<RuleItem>,
}

/// `/audit/rules`
pub fn rules(request: &Request) -> Result<Reply, Problem> {
    let (library, lang) = (library(request)?, request.lang());
    let mut groups: Vec<RulesOfItem> = Vec::new();
    for rule in library.rules.values() {
        let item = RuleItem {
            id: rule.id.clone(),
            name: one(lang, &rule.name).to_owned(),
            says: one(lang, &rule.says).to_owned(),
            hold: rule.hold.as_ref().map(|limit| threshold(lang, limit)),
            warn: rule.warn.as_ref().map(|limit| threshold(lang, limit)),
            source: rule.source.clone(),
            local_defaults: rule.local_defaults.clone(),
            own: rule.own,
        };
        match groups.iter_mut().find(|group| group.item == rule.item) {
            Some(group) => group.rules.push(item),
            None => groups.push(RulesOfItem { item: rule.item.clone(), rules: vec![item] }),
        }
    }
    let own = json!({ "groups": groups, "total": library.rules.len() });
    page::render(&Frame::new(request), "audit_rules.html", own)
}
