//! The program's source as tokens: which files there are, what they name, and
//! what they define. Comments, documentation, strings and test code are left
//! out.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The path of a module or an item from the root of the crate.
pub type Names = Vec<String>;

/// A file of the program, by the path of its module.
pub struct File {
    /// Its name below the root of the repository.
    pub name: String,
    /// Its code.
    pub tokens: Vec<TokenTree>,
    /// `use` declarations: what they bring in, and where from.
    pub uses: Vec<Use>,
    /// Modules that it declares, tests left out.
    pub children: BTreeSet<String>,
    /// Types that it defines.
    pub types: Vec<String>,
    /// Functions that it defines, methods too.
    pub functions: Vec<String>,
}

/// One name brought in by a `use` declaration.
pub struct Use {
    /// What it is called here; `*` for all of a module.
    pub name: String,
    /// Where it comes from, as written.
    pub path: Names,
}

/// Every file of the program, by the path of its module.
pub fn program(sources: Vec<(String, String)>) -> BTreeMap<Names, File> {
    let mut files: BTreeMap<Names, File> = sources
        .into_iter()
        .filter(|(name, _)| name != "src/main.rs")
        .map(|(name, text)| {
            let module = module_of(&name);
            (module, read(name, &text))
        })
        .collect();
    // What only tests have is declared under `#[cfg(test)]`.
    let known: BTreeSet<Names> = files.keys().cloned().collect();
    let is_declared = |module: &Names, files: &BTreeMap<Names, File>| {
        (1..=module.len()).all(|to| {
            let (parent, child) = (&module[..to - 1], &module[to - 1]);
            files.get(parent).is_some_and(|file| file.children.contains(child))
        })
    };
    for module in known {
        if !is_declared(&module, &files) {
            files.remove(&module);
        }
    }
    files
}

/// `src/http/views/mod.rs` is `http::views`.
fn module_of(name: &str) -> Names {
    let inner = name.trim_start_matches("src/").trim_end_matches(".rs");
    let inner = inner.trim_end_matches("/mod");
    let parts = inner.split('/').filter(|part| !["lib", "mod"].contains(part));
    parts.map(str::to_owned).collect()
}

fn read(name: String, text: &str) -> File {
    let stream: TokenStream = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
    let tokens = without_tests(stream.into_iter().collect());
    let mut file = File {
        name,
        tokens: Vec::new(),
        uses: Vec::new(),
        children: BTreeSet::new(),
        types: Vec::new(),
        functions: Vec::new(),
    };
    let mut code = Vec::new();
    scan(&tokens, Place::Module, &mut file, &mut code);
    file.tokens = code;
    file
}

/// Drops items under `#[cfg(test)]`.
fn without_tests(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        if is_punct(&token, '#')
            && let Some(TokenTree::Group(group)) = rest.peek()
            && group.stream().to_string().replace(' ', "").starts_with("cfg(test)")
        {
            // The attribute, and then the item to its end.
            for token in rest.by_ref() {
                let body =
                    matches!(&token, TokenTree::Group(g) if g.delimiter() == Delimiter::Brace);
                if body || is_punct(&token, ';') {
                    break;
                }
            }
            continue;
        }
        kept.push(token);
    }
    kept
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Module,
    /// Inside of braces, where `type` is of a trait.
    Inner,
}

/// Walks through code: notes declarations, and flattens the rest.
fn scan(tokens: &[TokenTree], place: Place, file: &mut File, code: &mut Vec<TokenTree>) {
    let mut at = 0;
    while at < tokens.len() {
        let word = ident(&tokens[at]).unwrap_or_default();
        let next = tokens.get(at + 1).and_then(ident);
        match word.as_str() {
            "use" => {
                let end = tokens[at..].iter().position(|t| is_punct(t, ';'));
                let end = at + end.unwrap_or(tokens.len() - at);
                tree(&tokens[at + 1..end], &[], &mut file.uses);
                at = end;
            }
            "mod" if place == Place::Module && next.is_some() => {
                file.children.extend(next);
                at += 1;
            }
            "struct" | "enum" | "union" | "trait" => {
                file.types.extend(next);
                at += 1;
            }
            "type" if place == Place::Module => {
                file.types.extend(next);
                at += 1;
            }
            "fn" => {
                file.functions.extend(next);
                at += 1;
            }
            _ => match &tokens[at] {
                TokenTree::Group(group) => {
                    let inner = without_tests(group.stream().into_iter().collect());
                    scan(&inner, Place::Inner, file, code);
                    // Paths do not go on behind a group.
                    code.push(TokenTree::Punct(proc_macro2::Punct::new(
                        ';',
                        proc_macro2::Spacing::Alone,
                    )));
                }
                token => code.push(token.clone()),
            },
        }
        at += 1;
    }
}

/// Takes a tree of `use` apart.
fn tree(tokens: &[TokenTree], before: &[String], out: &mut Vec<Use>) {
    let mut path = before.to_vec();
    let mut name = None;
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if word == "as" => {
                name = tokens.get(at + 1).and_then(ident);
                at += 1;
            }
            TokenTree::Ident(word) => path.push(word.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == '*' => path.push("*".to_owned()),
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inner.split(|token| is_punct(token, ',')) {
                    tree(part, &path, out);
                }
                return;
            }
            _ => {}
        }
        at += 1;
    }
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let Some(last) = path.last().cloned() else { return };
    let name = name.unwrap_or(last);
    if tokens.is_empty() {
        return;
    }
    out.push(Use { name, path });
}

/// Paths of at least two names in code: `a::b`, `a::b::c`.
pub fn paths(code: &[TokenTree]) -> Vec<Names> {
    let mut all = Vec::new();
    let mut at = 0;
    while at < code.len() {
        let Some(first) = ident(&code[at]) else {
            at += 1;
            continue;
        };
        let (mut path, begun) = (vec![first], at);
        at += 1;
        while is_punct_at(code, at, ':') && is_punct_at(code, at + 1, ':') {
            let Some(next) = code.get(at + 2).and_then(ident) else { break };
            path.push(next);
            at += 3;
        }
        // What begins behind `::` or `.` belongs to something that came before.
        let inner = begun > 0
            && (is_punct(&code[begun - 1], ':') && begun > 1 && is_punct(&code[begun - 2], ':'));
        if path.len() > 1 && !inner {
            all.push(path);
        }
    }
    all
}

/// Single names in code.
pub fn words(code: &[TokenTree]) -> BTreeSet<String> {
    code.iter().filter_map(ident).collect()
}

fn ident(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    }
}

fn is_punct(token: &TokenTree, c: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == c)
}

fn is_punct_at(tokens: &[TokenTree], at: usize, c: char) -> bool {
    tokens.get(at).is_some_and(|token| is_punct(token, c))
}
