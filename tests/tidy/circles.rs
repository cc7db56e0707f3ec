//! No circle among files: a file that another one needs does not need that
//! one, directly or through others. Then each can be read, and changed, with
//! only those below it in mind.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{File, Names, paths, program, words};
use super::sources;

/// Folders that may still have circles of their own.
const STILL_ALLOWED: &[&str] = &[];

/// Which file needs which, both by the path of their module.
type Arrows = BTreeMap<Names, BTreeSet<Names>>;

/// The file that defines what a path from the root leads to, following
/// modules and what they hand on. None for a module itself.
fn definition(files: &BTreeMap<Names, File>, path: &[String], depth: usize) -> Option<Names> {
    let mut module: Names = Vec::new();
    for (at, name) in path.iter().enumerate() {
        let mut below = module.clone();
        below.push(name.clone());
        let is_last = at + 1 == path.len();
        // Children see also what their parent has brought in for itself.
        let handed_on = files[&module].uses.iter().find(|one| one.name == *name);
        if files.contains_key(&below) && !(is_last && handed_on.is_some()) {
            module = below;
            continue;
        }
        if let Some(one) = handed_on
            && depth < 8
        {
            let mut whole = absolute(files, &module, &one.path)?;
            whole.extend_from_slice(&path[at + 1..]);
            return definition(files, &whole, depth + 1);
        }
        return Some(module);
    }
    None
}

/// A path as written in a module, from the root; none when it leads out of the
/// crate.
fn absolute(files: &BTreeMap<Names, File>, module: &Names, path: &[String]) -> Option<Names> {
    let mut from: Names = match path.first()?.as_str() {
        "crate" => Vec::new(),
        "self" => module.clone(),
        "super" => module.split_last()?.1.to_vec(),
        name if files[module].children.contains(name) => {
            let mut own = module.clone();
            own.push(name.to_owned());
            own
        }
        _ => return None,
    };
    for name in &path[1..] {
        if name == "super" {
            from.pop();
        } else if name != "self" {
            from.push(name.clone());
        }
    }
    Some(from)
}

/// What a file needs.
fn needs(files: &BTreeMap<Names, File>, module: &Names) -> BTreeSet<Names> {
    let file = &files[module];
    let (mut found, used) = (BTreeSet::new(), words(&file.tokens));
    let mut go = |whole: &[String]| {
        let target = definition(files, whole, 0);
        found.extend(target.filter(|target| target != module));
    };
    for one in &file.uses {
        // What is only handed on, to others or to children, is not needed here.
        if one.name != "*" && !used.contains(&one.name) {
            continue;
        }
        let Some(whole) = absolute(files, module, &one.path) else { continue };
        if one.name == "*" {
            // All of a module: what it defines.
            let of = whole[..whole.len() - 1].to_vec();
            if files.contains_key(&of) {
                let first = files[&of].types.iter().chain(&files[&of].functions).next();
                if let Some(first) = first {
                    let mut item = of;
                    item.push(first.clone());
                    go(&item);
                }
            }
            continue;
        }
        go(&whole);
    }
    for path in paths(&file.tokens) {
        if let Some(whole) = absolute(files, module, &path) {
            go(&whole);
            continue;
        }
        // A name that was brought in: `page::render`.
        let brought = file.uses.iter().find(|one| one.name == path[0]);
        let whole = brought.and_then(|one| absolute(files, module, &one.path));
        if let Some(mut whole) = whole {
            whole.extend_from_slice(&path[1..]);
            go(&whole);
        }
    }
    found
}

fn arrows(files: &BTreeMap<Names, File>) -> Arrows {
    files.keys().map(|module| (module.clone(), needs(files, module))).collect()
}

/// Groups of more than one file that need each other (Tarjan).
fn circles(arrows: &Arrows) -> Vec<Vec<Names>> {
    #[derive(Default)]
    struct Search<'a> {
        number: BTreeMap<&'a Names, usize>,
        low: BTreeMap<&'a Names, usize>,
        open: Vec<&'a Names>,
        found: Vec<Vec<Names>>,
    }
    fn visit<'a>(at: &'a Names, arrows: &'a Arrows, search: &mut Search<'a>) {
        let own = search.number.len();
        search.number.insert(at, own);
        search.low.insert(at, own);
        search.open.push(at);
        for next in &arrows[at] {
            if !search.number.contains_key(next) {
                visit(next, arrows, search);
                let low = search.low[at].min(search.low[next]);
                search.low.insert(at, low);
            } else if search.open.contains(&next) {
                let low = search.low[at].min(search.number[next]);
                search.low.insert(at, low);
            }
        }
        if search.low[at] == own {
            let from = search.open.iter().position(|one| *one == at).unwrap();
            let group: Vec<Names> = search.open.drain(from..).cloned().collect();
            if group.len() > 1 {
                search.found.push(group);
            }
        }
    }
    let mut search = Search::default();
    for module in arrows.keys() {
        if !search.number.contains_key(module) {
            visit(module, arrows, &mut search);
        }
    }
    search.found
}

#[test]
fn no_circle_among_files() {
    let files = program(sources("src"));
    let arrows = arrows(&files);
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for circle in circles(&arrows) {
        let names: Vec<&str> = circle.iter().map(|module| &*files[module].name).collect();
        let allowed = STILL_ALLOWED.iter().find(|folder| {
            names.iter().all(|name| {
                name.starts_with(&format!("{folder}/")) || *name == format!("{folder}.rs")
            })
        });
        if let Some(allowed) = allowed {
            seen.insert(*allowed);
            continue;
        }
        let within = |module: &Names| {
            let to = arrows[module].iter().filter(|to| circle.contains(to));
            let to: Vec<&str> = to.map(|to| &*files[to].name).collect();
            format!("{} -> {}", files[module].name, to.join(", "))
        };
        wrong.push(circle.iter().map(within).collect::<Vec<_>>());
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let idle: Vec<_> = STILL_ALLOWED.iter().filter(|one| !seen.contains(*one)).collect();
    assert!(idle.is_empty(), "{idle:?} have no circle any more; take them off the list");
}

/// A small program, to see that the search can fail.
fn of(sources: &[(&str, &str)]) -> Vec<Vec<String>> {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    let files = program(sources.iter().map(own).collect());
    let found = circles(&arrows(&files));
    let mut found: Vec<Vec<String>> = found
        .into_iter()
        .map(|circle| circle.iter().map(|module| module.join("::")).collect())
        .collect();
    for circle in &mut found {
        circle.sort();
    }
    found
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let lib = ("src/lib.rs", "mod a; mod b; mod c { pub use crate::a::X; }");
    let circle = vec![vec!["a".to_owned(), "b".to_owned()]];
    for (a, b) in [
        ("use crate::b::Y; pub struct X(Y);", "use crate::a::X; pub struct Y(X);"),
        ("use super::b; pub struct X(b::Y);", "pub struct Y(super::a::X);"),
        ("use crate::{b::{self, Y}}; pub struct X(Y);", "fn y() { let x = crate::a::X; }"),
        ("pub use crate::b::Y; pub struct X(Y);", "use crate::a::X as Z; pub struct Y(Z);"),
        ("use crate::b::*; pub struct X(Y);", "use crate::a::X; pub struct Y(X);"),
    ] {
        assert_eq!(of(&[lib, ("src/a.rs", a), ("src/b.rs", b)]), circle, "{a} {b}");
    }
}

#[test]
fn what_is_only_handed_on_or_tested_is_no_circle() {
    let parent =
        ("src/a/mod.rs", "//! x\nmod child; mod other; pub use child::X; pub use other::Y;");
    let lib = ("src/lib.rs", "pub mod a;");
    let child = ("src/a/child.rs", "use super::Y; pub struct X(Y);");
    let other =
        ("src/a/other.rs", "/// See [`super::X`].\npub struct Y; const S: &str = \"super::X::\";");
    assert!(of(&[lib, parent, child, other]).is_empty());
    let other =
        ("src/a/other.rs", "pub struct Y;\n#[cfg(test)]\nmod tests { use super::super::X; }");
    assert!(of(&[lib, parent, child, other]).is_empty());
    let parent = ("src/a/mod.rs", "mod child; pub use child::X; pub struct Y(X);");
    let both = vec![vec!["a".to_owned(), "a::child".to_owned()]];
    assert_eq!(of(&[lib, parent, child]), both, "the parent needs its child, and it the parent");
}
