//! Who a client is, and what they may see.
//!
//! [`Authenticator`] proves an identity by token or session and keeps the
//! access log; its [`throttle`] slows
//! down guessing; [`Viewer`] says whose rows may be seen. What each role may ask
//! for is told by the routes (`http::endpoint`). The secrets themselves are in
//! [`crate::credentials`].

mod authenticator;
mod error;
mod throttle;
mod viewer;

pub use authenticator::{Authenticator, COOKIE, Claims};
pub use error::AccessError;
pub use throttle::client_network;
pub use viewer::Viewer;
