//! The header line of a member: what tells it from a row, the order that it
//! says, and what is wrong with it (docs/rules.md#archives).

use super::compiled_layout::CompiledLayout;
use super::order::Order;
use crate::catalog::Layout;
use crate::problem_code::ProblemCode;
use crate::spelling::nearest;

/// Names of one problem that are listed; hardly any file has more columns.
const LISTED: usize = 100;

/// Characters of a name that are shown.
const SHOWN: usize = 64;

/// One kind of fault of a header line: a member code and all that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderError {
    /// `M02`, `M03` or `M04`.
    pub code: ProblemCode,
    /// The columns, joined by `, `.
    pub detail: String,
    /// For unknown columns, in the same order: the nearest known names that
    /// the header does not have yet.
    pub nearest: Option<String>,
}

/// The names of a header line: without spaces and quotes around them, and
/// without what follows one trailing delimiter.
fn names(line: &str) -> Vec<&str> {
    let mut names: Vec<&str> = line.split('|').map(name).collect();
    if names.len() > 1 && names.last() == Some(&"") {
        names.pop();
    }
    names
}

/// A value as a name: some programs quote the header.
pub fn name(value: &str) -> &str {
    value.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''))
}

/// Whether a line is a header of a file: at least half of its values are names
/// or aliases of the file's columns, in whatever order.
pub fn is_header(line: &str, compiled: &CompiledLayout, layout: &Layout) -> bool {
    let names = names(line);
    let known = names.iter().filter(|name| compiled.find(layout, name).is_some()).count();
    known > 0 && 2 * known >= names.len()
}

impl Order {
    /// The order that a header line says, or all that is wrong with it.
    ///
    /// # Errors
    /// Everything that is wrong with the line.
    pub fn of_header(
        line: &str,
        compiled: &CompiledLayout,
        layout: &Layout,
    ) -> Result<Self, Vec<HeaderError>> {
        let names = names(line);
        let found: Vec<Option<usize>> =
            names.iter().map(|name| compiled.find(layout, name)).collect();
        let mut troubles = Vec::new();
        let unknown: Vec<(String, Option<&str>)> = names
            .iter()
            .zip(&found)
            .enumerate()
            .filter(|(_, (_, at))| at.is_none())
            .map(|(index, (name, _))| (shown(name, index), free_name(name, &found, layout)))
            .collect();
        if !unknown.is_empty() {
            let near: Vec<&str> = unknown.iter().map(|(_, near)| near.unwrap_or("-")).collect();
            troubles.push(HeaderError {
                code: ProblemCode::UnknownColumn,
                detail: listed(&unknown.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>()),
                nearest: near.iter().any(|near| *near != "-").then(|| listed(&near)),
            });
        }
        if let Some(missing) = missing(&found, &unknown, compiled, layout) {
            troubles.push(trouble(ProblemCode::MissingColumn, &missing));
        }
        let again =
            |&(index, at): &(usize, &Option<usize>)| at.is_some() && found[..index].contains(at);
        let mut twice: Vec<&str> =
            found.iter().enumerate().filter(again).map(|(index, _)| names[index]).collect();
        twice.dedup();
        if !twice.is_empty() {
            troubles.push(trouble(ProblemCode::ColumnTwice, &twice));
        }
        if troubles.is_empty() { Ok(Self::new(found, compiled)) } else { Err(troubles) }
    }
}

/// The required columns that a header lacks. One whose name is plainly only
/// misspelt is told as an unknown column, and so are those that may be: there
/// are no more of them than unknown names.
fn missing<'p>(
    found: &[Option<usize>],
    unknown: &[(String, Option<&str>)],
    compiled: &'p CompiledLayout,
    layout: &Layout,
) -> Option<Vec<&'p str>> {
    let needed = compiled.columns.iter().enumerate().filter(|(at, column)| {
        let needed = column.key || layout.columns[*at].required;
        needed && column.since == 0 && !found.contains(&Some(*at))
    });
    let proposed = |name: &str| unknown.iter().any(|(_, near)| *near == Some(name));
    let (meant, missing): (Vec<&str>, Vec<&str>) =
        needed.map(|(_, column)| column.name.as_str()).partition(|name| proposed(name));
    let unclear = unknown.len().saturating_sub(meant.len());
    (missing.len() > unclear).then_some(missing)
}

/// The nearest of the names that a header does not have yet.
fn free_name<'l>(name: &str, found: &[Option<usize>], layout: &'l Layout) -> Option<&'l str> {
    let free = (0..layout.columns.len()).filter(|at| !found.contains(&Some(*at)));
    nearest(name, free.map(|at| layout.columns[at].name.as_str()))
}

fn trouble(code: ProblemCode, names: &[&str]) -> HeaderError {
    HeaderError { code, detail: listed(names), nearest: None }
}

/// A name as it is shown; one that is blank is known by its place.
fn shown(name: &str, index: usize) -> String {
    if name.is_empty() {
        return format!("(blank: column {})", index + 1);
    }
    name.chars().take(SHOWN).collect()
}

fn listed(names: &[&str]) -> String {
    let text = names[..names.len().min(LISTED)].join(", ");
    if names.len() > LISTED { format!("{text}, … ({})", names.len()) } else { text }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use super::*;
    use crate::archive::Standard;
    use crate::catalog::Catalog;
    use proptest::prelude::*;
    use proptest::sample::{Index, select};

    fn catalog() -> &'static Catalog {
        static CATALOG: OnceLock<Catalog> = OnceLock::new();
        CATALOG.get_or_init(|| Catalog::builtin().unwrap())
    }

    fn of<T>(
        standard: Standard,
        file: &str,
        then: impl FnOnce(&CompiledLayout, &Layout) -> T,
    ) -> T {
        let catalog = catalog();
        let (record, layout) = catalog.file(standard, file).unwrap();
        then(&CompiledLayout::new(catalog, record, layout, i32::MAX).unwrap(), layout)
    }

    /// Code, detail and proposals of what is wrong with a header.
    fn wrong(standard: Standard, file: &str, line: &str) -> Vec<(String, String, String)> {
        of(standard, file, |compiled, layout| {
            let troubles = Order::of_header(line, compiled, layout).err().unwrap_or_default();
            let told =
                |t: HeaderError| (t.code.to_string(), t.detail, t.nearest.unwrap_or_default());
            troubles.into_iter().map(told).collect()
        })
    }

    #[test]
    fn all_that_is_wrong_with_a_header_is_told_at_once() {
        for (line, told) in [
            // What is proposed is not there yet: LNAME is nearer to FNAME, and is.
            (
                "HOSPCODE|CID|PID|FNAME|LNAME|SEX|BIRTH|NATION|MSTSATUS|TYPEAREA|D_UPDATE|PRENAME",
                vec![("M02", "FNAME, MSTSATUS", "NAME, MSTATUS")],
            ),
            (
                "HOSPCODE|PID|PRENAME|NAME|LNAME|BIRTH|D_UPDATE|CID",
                vec![("M03", "SEX, NATION, TYPEAREA", "")],
            ),
            (
                "HOSPKODE|CID|PID|PRENAME|NAME|LNAME|SEX|BIRTH|NATION|TYPEAREA|D_UPDATE",
                vec![("M02", "HOSPKODE", "HOSPCODE")],
            ),
            // Nothing like it, and one is missing: that may be the one.
            (
                "สถาน|CID|PID|PRENAME|NAME|LNAME|SEX|BIRTH|NATION|TYPEAREA|D_UPDATE",
                vec![("M02", "สถาน", "")],
            ),
            (
                "HOSPCODE|CID|PID|PID|cid|PRENAME|NAME|LNAMES|SEX|NATION|D_UPDATE|",
                vec![
                    ("M02", "LNAMES", "LNAME"),
                    ("M03", "BIRTH, TYPEAREA", ""),
                    ("M04", "PID, cid", ""),
                ],
            ),
            (
                "HOSPCODE|CID||PID|PRENAME|NAME|LNAME|SEX|BIRTH|NATION|TYPEAREA|D_UPDATE",
                vec![("M02", "(blank: column 3)", "")],
            ),
        ] {
            let got = wrong(Standard::F43, "PERSON", line);
            let codes: Vec<&str> = got.iter().map(|(code, ..)| code.as_str()).collect();
            assert_eq!(codes, told.iter().map(|t| t.0).collect::<Vec<_>>(), "{line}");
            for ((_, detail, near), (_, names, proposed)) in got.iter().zip(told) {
                assert_eq!(detail, names, "{line}");
                assert!(proposed.is_empty() || near == proposed, "{line}: {near}");
            }
        }
        let many = "PID|".repeat(300) + &"X|".repeat(300);
        assert!(
            wrong(Standard::F43, "PERSON", &many).iter().all(|(_, d, n)| d.len() + n.len() < 3000)
        );
    }

    #[test]
    fn half_of_the_values_tell_a_header() {
        let is = |line: &str| {
            of(Standard::F21, "EPI", |compiled, layout| is_header(line, compiled, layout))
        };
        for (line, header) in [
            ("PCUCODE|PID|SEQ|DATE_SERV|VCCTYPE|VCCPLACE|D_UPDATE", true),
            ("d_update|vcctype|\"PID\"|'seq'| DATE_SERV |VCCPLACE|HOSPCODE|", true),
            ("PID|SEQ|x|y", true),
            ("PID|SEQ|x|y|z", false),
            ("PID", true),
            ("", false),
            ("|||||", false),
            ("test", false),
            ("10670|1|1|20140115|010|10670|20140116120000", false),
        ] {
            assert_eq!(is(line), header, "{line}");
        }
    }

    /// Every file of both standards, by its columns with their spellings.
    fn files() -> Vec<(Standard, String, Vec<Vec<String>>)> {
        let layouts = catalog().records.iter().flat_map(crate::catalog::Record::layouts);
        layouts
            .map(|layout| {
                // Where the misspelling of one is the name of another, the name counts.
                let taken = |alias: &&String| layout.columns.iter().any(|c| c.name == **alias);
                let spellings = |c: &crate::catalog::WireColumn| {
                    let aliases = c.alias.iter().filter(|alias| !taken(alias));
                    std::iter::once(&c.name).chain(aliases).cloned().collect()
                };
                let columns = layout.columns.iter().map(spellings).collect();
                (layout.standard, layout.file.clone(), columns)
            })
            .collect()
    }

    fn header() -> impl Strategy<Value = (Standard, String, Vec<usize>, String)> {
        let file = select(files()).prop_flat_map(|(standard, file, columns)| {
            let order: Vec<usize> = (0..columns.len()).collect();
            (Just((standard, file, columns)), Just(order).prop_shuffle())
        });
        let dress = proptest::collection::vec((any::<Index>(), 0_u8..12), 128);
        (file, dress, select(vec!["", "|", "\r", " "])).prop_map(
            |(((standard, file, columns), order), dress, end)| {
                let dressed = order.iter().zip(dress).map(|(at, (spelling, dress))| {
                    let name = &columns[*at][spelling.index(columns[*at].len())];
                    let name = if dress % 2 == 0 { name.clone() } else { name.to_lowercase() };
                    match dress / 2 {
                        0 => format!("\"{name}\""),
                        1 => format!(" {name}\t"),
                        2 => format!("\" {name} \" "),
                        3 => format!("'{name}'"),
                        _ => name,
                    }
                });
                let line = dressed.collect::<Vec<_>>().join("|") + end;
                (standard, file, order, line)
            },
        )
    }

    proptest! {
        #[test]
        fn any_order_case_quoting_and_spacing_of_a_files_columns_is_its_header(
            (standard, file, order, line) in header(),
        ) {
            of(standard, &file, |compiled, layout| {
                prop_assert!(is_header(&line, compiled, layout), "{}", line);
                let read = Order::of_header(&line, compiled, layout);
                let want: Vec<Option<usize>> = order.into_iter().map(Some).collect();
                prop_assert_eq!(read.map(|order| order.columns), Ok(want));
                Ok(())
            })?;
        }
    }
}
