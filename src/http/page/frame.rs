//! What every page has around it: its language, its own address in the other
//! one, and where in the menu it belongs.

use serde::Serialize;

use super::super::call::Call;
use super::super::routes;
use super::Lang;

/// The menu: a name, and where it leads.
const MENU: [(&str, &str); 2] = [("today", "/"), ("exports", "/exports")];

/// A line of the menu.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    id: &'static str,
    path: &'static str,
    /// Whether one is there, or below it.
    here: bool,
}

/// What every page has around it.
#[derive(Debug, Clone)]
pub struct Frame {
    /// Its language.
    pub lang: Lang,
    path: String,
    /// Parameters but for the language.
    query: Vec<(String, String)>,
}

impl Frame {
    /// The frame of a call's page.
    pub fn of(call: &Call) -> Self {
        let own = call.values.iter().filter(|(name, _)| *name != "lang");
        Self {
            lang: call.lang(),
            path: call.path.clone(),
            query: own.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        }
    }

    /// The frame of a page that says what is wrong with a request. Only an
    /// address that there is, is led back to.
    pub fn of_target(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let (lang, own): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name == "lang");
        let lang = Lang::of(lang.first().map(|(_, lang)| lang.as_str()));
        match routes::find(path) {
            Some(_) => Self { lang, path: path.to_owned(), query: own },
            None => Self { lang, path: "/".to_owned(), query: Vec::new() },
        }
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

    /// The pages that lead to all others.
    pub fn menu(&self) -> Vec<Item> {
        let here = |path: &str| match path {
            "/" => self.path == "/" || self.path.starts_with("/submissions/"),
            _ => self.path.starts_with(path),
        };
        let item = |(id, path): &(&'static str, &'static str)| Item { id, path, here: here(path) };
        MENU.iter().map(item).collect()
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
        assert_eq!((frame.lang, frame.menu()[0].here), (Lang::En, true));
        assert_eq!(frame.in_language(Lang::Th), "/submissions/7?page=2&x=%26%E0%B8%81");
        assert_eq!(frame.in_language(Lang::En), "/submissions/7?page=2&x=%26%E0%B8%81&lang=en");
        assert_eq!(Frame::of_target("//elsewhere/x?a=b").in_language(Lang::Th), "/");
    }
}
