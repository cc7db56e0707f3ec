//! The list of routes: each view file has its own, and stands here in one line.

use std::sync::LazyLock;

use super::endpoint::Endpoint;
use super::route::Route;
use super::views::{
    access, archives, audit, docs, expected, exports, forward, health, kpi, metrics, pages, rep,
    rounds, sign_in, status, submissions, waiting,
};

/// Routes by view file, in the order in which the API page lists them. The
/// menu has the order of the pages here.
const ALL: &[&[Route]] = &[
    pages::today::ROUTES,
    pages::waiting::ROUTES,
    pages::submissions::ROUTES,
    pages::submission::ROUTES,
    pages::units::ROUTES,
    pages::unit::ROUTES,
    pages::expected::ROUTES,
    pages::score::ROUTES,
    pages::audit::list::ROUTES,
    pages::audit::rules::ROUTES,
    pages::audit::case::ROUTES,
    pages::kpi::ROUTES,
    pages::indicator::ROUTES,
    pages::explain::ROUTES,
    pages::exports::ROUTES,
    pages::forward::ROUTES,
    docs::ROUTES,
    sign_in::ROUTES,
    health::ROUTES,
    metrics::ROUTES,
    status::ROUTES,
    waiting::ROUTES,
    submissions::ROUTES,
    access::ROUTES,
    archives::ROUTES,
    expected::ROUTES,
    rounds::ROUTES,
    kpi::ROUTES,
    exports::ROUTES,
    forward::ROUTES,
    rep::ROUTES,
    audit::rules::ROUTES,
    audit::cases::ROUTES,
    audit::letter::ROUTES,
    audit::steps::ROUTES,
    #[cfg(test)]
    super::tests::ROUTES,
];

/// All routes.
pub static ROUTES: LazyLock<Vec<&'static Route>> =
    LazyLock::new(|| ALL.iter().copied().flatten().collect());

/// What all routes say about themselves, in the same order.
pub static ENDPOINTS: LazyLock<Vec<&'static Endpoint>> =
    LazyLock::new(|| ROUTES.iter().map(|route| &route.endpoint).collect());

/// Finds routes by path; made from [`ROUTES`].
static ROUTER: LazyLock<matchit::Router<Vec<usize>>> = LazyLock::new(|| {
    let mut router = matchit::Router::new();
    let paths: Vec<&str> = ENDPOINTS.iter().map(|endpoint| endpoint.path).collect();
    for (at, path) in paths.iter().enumerate() {
        if !paths[..at].contains(path) {
            let same = (0..paths.len()).filter(|other| paths[*other] == *path).collect();
            router.insert(*path, same).expect("the list is part of the program and tested");
        }
    }
    router
});

/// What a path and a method lead to.
pub enum RouteMatch<'p> {
    /// A route, and the variable parts of its path by name, as written.
    Route(&'static Route, Vec<(&'static str, &'p str)>),
    /// The path exists, but takes other methods.
    OtherMethods(Vec<&'static str>),
    /// Nothing.
    NotFound,
}

/// The route of a path and a method.
pub fn find<'p>(method: &str, path: &'p str) -> RouteMatch<'p> {
    let Ok(found) = ROUTER.at(path) else { return RouteMatch::NotFound };
    let mut routes = found.value.iter().map(|at| ROUTES[*at]);
    match routes.clone().find(|route| route.endpoint.methods.contains(&method)) {
        Some(route) => RouteMatch::Route(route, found.params.iter().collect()),
        None => {
            let methods = routes.by_ref().flat_map(|route| route.endpoint.methods).copied();
            RouteMatch::OtherMethods(methods.collect())
        }
    }
}
