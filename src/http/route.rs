//! A route: an endpoint and the view that answers it.

use super::endpoint::Endpoint;
use super::problem::Problem;
use super::reply::Reply;
use super::request::Request;

/// Answers a request.
pub type View = fn(&Request) -> Result<Reply, Problem>;

/// An endpoint and the view that answers it.
pub struct Route {
    /// What it is.
    pub endpoint: Endpoint,
    /// What answers it.
    pub view: View,
}
