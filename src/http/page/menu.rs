//! The menu of pages, made from the list of endpoints.

use serde::Serialize;

use crate::access::Viewer;
use crate::credentials::Role;
use crate::http::endpoint::Endpoint;

/// The key of a unit's own page, which comes first in its menu.
const OWN_UNIT: &str = "units";

/// One entry of the menu.
#[derive(Debug, Clone, Serialize)]
pub struct MenuItem {
    id: &'static str,
    path: String,
    /// Whether the present page is this one or below it.
    here: bool,
}

/// The entries that a viewer may open; `path` is the present page.
pub fn menu(endpoints: &[&Endpoint], viewer: &Viewer, path: &str) -> Vec<MenuItem> {
    let role = viewer.role();
    let own = viewer.hcode().filter(|_| role == Some(Role::Unit));
    let own = own.map(|hcode| (OWN_UNIT, format!("/units/{hcode}")));
    let listed = endpoints
        .iter()
        .filter(|endpoint| endpoint.is_open_to(role))
        .filter_map(|endpoint| Some((endpoint.menu?, endpoint.path.to_owned())));
    own.into_iter()
        .chain(listed)
        .map(|(id, to)| MenuItem { id, here: is_here(&to, path), path: to })
        .collect()
}

fn is_here(to: &str, path: &str) -> bool {
    match to {
        "/" => path == "/",
        to => path.strip_prefix(to).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}
