//! What every page has around it: its language, its own address in the other
//! one, and where in the menu it belongs.

use serde::Serialize;

use super::super::call::Call;
use super::super::routes::{self, Access, Found};
use super::super::viewer::Viewer;
use super::Lang;
use crate::access::Role;
use crate::world::World;

/// The method of a link.
const GET: &str = "GET";

/// The menu: a name, and where it leads.
const MENU: [(&str, &str); 5] = [
    ("today", "/"),
    ("expected", "/expected"),
    ("quality", "/quality"),
    ("kpi", "/kpi"),
    ("exports", "/exports"),
];

/// A line of the menu.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    id: &'static str,
    path: String,
    /// Whether one is there, or below it.
    here: bool,
}

/// Who is signed in.
#[derive(Debug, Clone, Serialize)]
pub struct Who {
    name: String,
    role: &'static str,
    /// What their unit is called.
    unit: Option<String>,
    /// What their forms must carry.
    csrf: Option<String>,
}

/// What every page has around it.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its language.
    pub lang: Lang,
    /// Who is signed in; nobody is where everybody on the machine may look.
    pub who: Option<Who>,
    role: Option<Role>,
    hcode: Option<String>,
    path: String,
    /// Parameters but for the language.
    query: Vec<(String, String)>,
}

impl Frame {
    /// The frame of a call's page.
    pub fn of(call: &Call) -> Self {
        let own = call.values.iter().filter(|(name, _)| *name != "lang");
        let query = own.map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let empty = Self {
            lang: call.lang(),
            who: None,
            role: None,
            hcode: None,
            path: call.here.clone(),
            query,
        };
        empty.for_viewer(&call.viewer, &call.world)
    }

    /// The frame of a page that says what is wrong with a request. Only an
    /// address that there is, is led back to.
    pub fn of_target(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let (lang, own): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name == "lang");
        let lang = Lang::from_code(lang.first().map(|(_, lang)| lang.as_str()));
        let (path, query) = match routes::find(GET, path) {
            Found::Route(..) => (path.to_owned(), own),
            Found::Other(_) | Found::Nothing => ("/".to_owned(), Vec::new()),
        };
        Self { lang, who: None, role: None, hcode: None, path, query }
    }

    /// The same for somebody who looks.
    pub fn for_viewer(mut self, viewer: &Viewer, world: &World) -> Self {
        let Some(identity) = &viewer.identity else { return self };
        let unit = identity.hcode.as_ref().and_then(|hcode| world.units.by_code.get(hcode));
        self.role = Some(identity.role);
        self.hcode.clone_from(&identity.hcode);
        self.who = identity.token.map(|_| Who {
            name: identity.name.clone(),
            role: identity.role.as_str(),
            unit: unit.map(|unit| unit.name.clone()),
            csrf: viewer.csrf.clone(),
        });
        self
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

    /// The pages that lead to all others, those that the one who looks may
    /// open; a unit's own comes first.
    pub fn menu(&self) -> Vec<Item> {
        let own = self.hcode.as_ref().filter(|_| self.role == Some(Role::Unit));
        let own = own.map(|hcode| ("units", format!("/units/{hcode}")));
        let all = MENU.iter().map(|(id, path)| (*id, (*path).to_owned()));
        own.into_iter().chain(all).filter_map(|(id, path)| self.item(id, path)).collect()
    }

    fn item(&self, id: &'static str, path: String) -> Option<Item> {
        let Found::Route(route, _) = routes::find(GET, &path) else { return None };
        let open = match route.access {
            Access::Public => true,
            Access::Roles(roles) => self.role.is_some_and(|role| roles.contains(&role)),
        };
        let here = match path.as_str() {
            "/" => self.path == "/" || self.path.starts_with("/submissions/"),
            path => self.path.starts_with(path),
        };
        open.then_some(Item { id, path, here })
    }
}

/// A path with a query. Thai is the first language here and needs no word.
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
        let frame = Frame::of_target("/submissions/7?page=2&lang=en&x=%26%E0%B8%81");
        assert_eq!(frame.lang, Lang::En);
        assert!(frame.menu().is_empty(), "nobody has signed in");
        assert_eq!(frame.in_language(Lang::Th), "/submissions/7?page=2&x=%26%E0%B8%81");
        assert_eq!(frame.in_language(Lang::En), "/submissions/7?page=2&x=%26%E0%B8%81&lang=en");
        assert_eq!(Frame::of_target("//elsewhere/x?a=b").in_language(Lang::Th), "/");
    }
}
