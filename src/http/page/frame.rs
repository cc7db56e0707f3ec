//! What surrounds every page: its language, its address in the other language,
//! who is signed in, and the menu.

use serde::Serialize;

use super::Lang;
use super::menu::MenuItem;
use crate::access::Viewer;
use crate::environment::Environment;
use crate::http::request::Request;

/// Who is signed in.
#[derive(Debug, Clone, Serialize)]
pub struct SignedIn {
    name: String,
    role: &'static str,
    /// Name of their unit.
    unit: Option<String>,
    /// CSRF token of their forms.
    csrf: Option<String>,
}

/// What surrounds every page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its language.
    pub lang: Lang,
    /// Who is signed in; none where no token is needed.
    pub who: Option<SignedIn>,
    /// The menu.
    pub menu: Vec<MenuItem>,
    /// When it was made, RFC 3339: printed pages say so.
    pub printed_at: String,
    /// The last submission whose data it can have; none where no data is.
    pub as_of_data: Option<u64>,
    path: String,
    /// Query parameters without the language.
    query: Vec<(String, String)>,
}

impl Frame {
    /// The frame of a request's page.
    pub fn new(request: &Request) -> Self {
        let own = request.values.iter().filter(|(name, _)| *name != "lang");
        let query = own.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let empty = Self {
            lang: request.lang(),
            who: None,
            menu: Vec::new(),
            printed_at: request.app.clock.stamp(),
            as_of_data: last_submission(request),
            path: request.here.clone(),
            query,
        };
        empty.for_viewer(&request.viewer, &request.environment, request.menu.clone())
    }

    /// The frame of a page that says what is wrong with a request. Links lead
    /// back to its address only if that `exists`.
    pub fn for_target(target: &str, exists: bool) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let (lang, own): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name == "lang");
        let lang = Lang::from_code(lang.first().map(|(_, lang)| lang.as_str()));
        let (path, query) =
            if exists { (path.to_owned(), own) } else { ("/".to_owned(), Vec::new()) };
        let (printed_at, as_of_data) = (String::new(), None);
        Self { lang, who: None, menu: Vec::new(), printed_at, as_of_data, path, query }
    }

    /// The same frame for a viewer, with their menu.
    pub fn for_viewer(
        mut self,
        viewer: &Viewer,
        environment: &Environment,
        menu: Vec<MenuItem>,
    ) -> Self {
        self.menu = menu;
        let Some(identity) = &viewer.identity else { return self };
        let unit = identity.hcode.as_ref().and_then(|hcode| environment.units.by_code.get(hcode));
        self.who = identity.token.map(|_| SignedIn {
            name: identity.name.clone(),
            role: identity.role.as_str(),
            unit: unit.map(|unit| unit.name.clone()),
            csrf: viewer.csrf.clone(),
        });
        self
    }

    /// This page's path.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// This page's address in a language.
    pub fn in_language(&self, lang: Lang) -> String {
        address(&self.path, &self.query, lang)
    }

    /// This page's address with another value of a parameter.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = self.query.clone();
        query.retain(|(own, _)| own != name);
        query.push((name.to_owned(), value.to_owned()));
        address(&self.path, &query, self.lang)
    }
}

/// The last submission, when the page asks the store at all.
fn last_submission(request: &Request) -> Option<u64> {
    let store = request.store().ok()?;
    store.last_submission().ok().and_then(|last| u64::try_from(last).ok())
}

/// A path with a query. Thai is the default language and needs no parameter.
pub fn address(path: &str, query: &[(String, String)], lang: Lang) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(query);
    if lang == Lang::En {
        pairs.append_pair("lang", lang.as_str());
    }
    match pairs.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_keeps_its_query_in_the_other_language() {
        let frame = Frame::for_target("/submissions/7?page=2&lang=en&x=%26%E0%B8%81", true);
        assert_eq!(frame.lang, Lang::En);
        assert!(frame.menu.is_empty(), "nobody has signed in");
        assert_eq!(frame.in_language(Lang::Th), "/submissions/7?page=2&x=%26%E0%B8%81");
        assert_eq!(frame.in_language(Lang::En), "/submissions/7?page=2&x=%26%E0%B8%81&lang=en");
        assert_eq!(Frame::for_target("//elsewhere/x?a=b", false).in_language(Lang::Th), "/");
    }
}
