//! Endpoints: what the program says about each address, its methods,
//! parameters and replies. The router, the `OpenAPI` document, the page that
//! explains the API and the menu all follow from them. How an endpoint is
//! answered stands in [`super::route`].

use super::params::Param;
use super::problem::ProblemKind;
use super::reply::{HTML, JSON};
use super::schema::ReplySchema;
use crate::credentials::Role;

/// Methods of an endpoint that only reads.
pub const READS: &[&str] = &["GET", "HEAD"];

/// The method of an endpoint that changes something.
pub const POST: &[&str] = &["POST"];

/// Endpoints that tell how the program is. They are answered even when all
/// connections and workers are busy.
pub const ALWAYS: [&str; 3] = ["/-/healthy", "/-/ready", "/metrics"];

/// Which body a request may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// None.
    None,
    /// Form fields, at most `limits.form_bytes`.
    Form,
    /// A step of an audit case: form fields or a JSON document, at most
    /// `limits.step_bytes`.
    Step,
    /// An archive, written to disk as it arrives.
    Archive,
}

/// Who may use an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody: it reveals nothing of the data.
    Public,
    /// Viewers with one of these roles. The view decides what they see.
    Roles(&'static [Role]),
}

/// Viewers who see data, each their own.
pub const DATA: Access = Access::Roles(&[Role::Province, Role::Cup, Role::Unit]);

/// Viewers who see how the program is.
pub const SYSTEM: Access = Access::Roles(&[Role::Province, Role::Metrics]);

/// The province alone.
pub const PROVINCE: Access = Access::Roles(&[Role::Province]);

/// JSON with a status other than 200.
pub struct OtherReply {
    /// The status.
    pub status: u16,
    /// When it is given, in English.
    pub about: &'static str,
    /// Its schema.
    pub schema: ReplySchema,
}

/// One endpoint.
pub struct Endpoint {
    /// Path; `{id}` is a part that varies, see `openapi::PARTS`.
    pub path: &'static str,
    /// Methods; a path may have one endpoint for reading and one for changing.
    pub methods: &'static [&'static str],
    /// Which body a request may have.
    pub body: Body,
    /// Who may use it.
    pub access: Access,
    /// Whether it shows data of persons, so that each read is logged.
    pub personal: bool,
    /// Stable name for programs (`operationId`).
    pub name: &'static str,
    /// Key of the text that says what it answers, `route.` and its name.
    pub about: &'static str,
    /// Query parameters.
    pub params: &'static [Param],
    /// Content types of its replies; the first is the default.
    pub content: &'static [&'static str],
    /// Schema of its JSON, by the type that it serializes.
    pub schema: Option<ReplySchema>,
    /// JSON that it answers with another status.
    pub also: &'static [OtherReply],
    /// Problems beyond those that every endpoint may have.
    pub problems: &'static [&'static ProblemKind],
    /// Whether it needs the store: it then gets a snapshot and a deadline.
    pub asks_store: bool,
    /// Its entry in the menu of pages, by the key of its text (`menu_…`).
    pub menu: Option<&'static str>,
}

impl Endpoint {
    /// A page of the data, as most pages are.
    pub const fn page(name: &'static str, path: &'static str) -> Self {
        Self { content: &[HTML], ..Self::api(name, path) }
    }

    /// A read of the data that answers with JSON, as most of the API does.
    pub const fn api(name: &'static str, path: &'static str) -> Self {
        Self {
            path,
            methods: READS,
            body: Body::None,
            access: DATA,
            personal: false,
            name,
            about: "",
            params: &[],
            content: &[JSON],
            schema: None,
            also: &[],
            problems: &[],
            asks_store: true,
            menu: None,
        }
    }

    /// Whether a viewer with this role, or without one, may use it.
    pub fn is_open_to(&self, role: Option<Role>) -> bool {
        match self.access {
            Access::Public => true,
            Access::Roles(roles) => role.is_some_and(|role| roles.contains(&role)),
        }
    }

    /// Whether its replies are pages, unless asked otherwise.
    pub fn is_page(&self) -> bool {
        self.content.first() == Some(&HTML)
    }
}
