//! Every route, in one list. The router, the `OpenAPI` document and the page
//! that explains the API all follow from it.

mod figures;
mod pages;
mod params;
mod system;

use std::sync::LazyLock;

use super::call::{Call, Param};
use super::problem::{Kind, Problem};
use super::reply::Reply;
use crate::access::Role;

/// Methods of a route that only reads.
pub const READS: &[&str] = &["GET", "HEAD"];

/// The method of a route that changes something.
pub const POST: &[&str] = &["POST"];

/// Routes that tell how the program is: they are answered also when it has
/// more to do than it can.
pub const ALWAYS: [&str; 3] = ["/-/healthy", "/-/ready", "/metrics"];

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

/// All routes.
pub static ROUTES: LazyLock<Vec<&'static Route>> = LazyLock::new(|| {
    [pages::ROUTES, system::ROUTES, figures::ROUTES].into_iter().flatten().collect()
});

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
    let mut routes = found.value.iter().map(|at| ROUTES[*at]);
    match routes.clone().find(|route| route.methods.contains(&method)) {
        Some(route) => Found::Route(route, found.params.iter().collect()),
        None => Found::Other(routes.by_ref().flat_map(|route| route.methods).copied().collect()),
    }
}
