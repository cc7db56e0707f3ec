//! Finds the header: names over one to three lines, with cells that were
//! merged across columns or lines, somewhere below lines of titles.

use std::collections::BTreeMap;

use super::layout::{LayoutWord, RepLayout};
use super::table::{Sheet, TableLine};
use super::value::heading;
use super::{RepError, Result};
use crate::text::message_with;

/// Where the data of a sheet begins, and what its columns hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundHeader {
    /// Position of the sheet.
    pub sheet: usize,
    /// Position of the first line below the header.
    pub data: usize,
    /// Columns by what they hold, from 0.
    pub columns: BTreeMap<LayoutWord, usize>,
    /// The header's own lines: one that comes again is no data.
    pub lines: Vec<Vec<String>>,
}

/// Most letters of a header that are shown of a wrong one.
const SHOWN: usize = 600;

/// Finds the header of a layout; says which one it saw when there is none.
///
/// # Errors
/// No line of the first `header.within` has the names that the layout needs; the text
/// tells the closest line.
pub fn find(sheets: &[Sheet], layout: &RepLayout) -> Result<FoundHeader> {
    let mut best: Option<(usize, FoundHeader, Vec<LayoutWord>)> = None;
    for (number, sheet) in sheets.iter().enumerate() {
        for first in 0..sheet.lines.len().min(layout.header.within) {
            for depth in 1..=layout.header.rows.min(sheet.lines.len() - first) {
                let lines = &sheet.lines[first..first + depth];
                let (columns, twice) = columns(lines, layout);
                let whole = layout.header.needs.iter().all(|need| columns.contains_key(need));
                // More names go before fewer, an earlier sheet, line and a
                // lower header before others.
                let weight = columns.len() - twice.len() + if whole { 1_000 } else { 0 };
                if best.as_ref().is_none_or(|(known, ..)| weight > *known) {
                    let lines = lines.iter().map(|(_, values)| plain_of(values)).collect();
                    let data = first + depth;
                    best =
                        Some((weight, FoundHeader { sheet: number, data, columns, lines }, twice));
                }
            }
        }
    }
    match best {
        Some((weight, found, twice)) if weight >= 1_000 => match twice.first() {
            None => Ok(found),
            Some(word) => {
                let values: [(&str, &dyn std::fmt::Display); 1] = [("column", word)];
                Err(RepError::Refused(message_with("rep.column_twice", &values)))
            }
        },
        best => Err(unknown(layout, best.map(|(_, found, _)| found).as_ref())),
    }
}

/// What a wrong layout is told: the header that was seen, the names wanted.
fn unknown(layout: &RepLayout, seen: Option<&FoundHeader>) -> RepError {
    let has = |word: &&LayoutWord| seen.is_none_or(|seen| !seen.columns.contains_key(*word));
    let missing = layout.header.needs.iter().filter(has);
    let wanted: Vec<String> =
        missing.map(|word| format!("{word} ({})", layout.columns[word].join(", "))).collect();
    let seen = seen.map_or(String::new(), |seen| {
        seen.lines.iter().map(|line| line.join(" | ")).collect::<Vec<_>>().join(" / ")
    });
    let seen: String = seen.chars().take(SHOWN).collect();
    let wanted = wanted.join("; ");
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("layout", &layout.id),
        ("within", &layout.header.within),
        ("seen", &seen),
        ("wanted", &wanted),
    ];
    RepError::Refused(message_with("rep.no_header", &values))
}

/// The values of a line as names are compared.
pub fn plain_of(values: &[String]) -> Vec<String> {
    values.iter().map(|value| heading(value)).collect()
}

/// The columns that lines name when they are read as one header, and what
/// stands over two of them.
fn columns(
    lines: &[TableLine],
    layout: &RepLayout,
) -> (BTreeMap<LayoutWord, usize>, Vec<LayoutWord>) {
    let plain: Vec<Vec<String>> = lines.iter().map(|(_, values)| plain_of(values)).collect();
    let width = plain.iter().map(Vec::len).max().unwrap_or(0);
    let names: Vec<[String; 3]> = (0..width).map(|column| names_of(&plain, column)).collect();
    let (mut found, mut twice) = (BTreeMap::new(), Vec::new());
    for (word, known) in &layout.columns {
        let known: Vec<String> = known.iter().map(|name| heading(name)).collect();
        // The whole name first: two groups may have a column of one name.
        for form in [WHOLE, OWN, LOWEST] {
            let mut at = (0..width).filter(|column| {
                let name = &names[*column][form];
                !name.is_empty() && known.contains(name)
            });
            let Some(column) = at.next() else { continue };
            found.insert(word.clone(), column);
            if at.next().is_some() {
                twice.push(word.clone());
            }
            break;
        }
    }
    (found, twice)
}

/// Names of a column, as [`names_of`] gives them.
const WHOLE: usize = 0;
const OWN: usize = 1;
const LOWEST: usize = 2;

/// Names of a column: its cells from the top down, with what a cell that was
/// merged across columns says to the left of it; its own cells; the lowest.
fn names_of(lines: &[Vec<String>], column: usize) -> [String; 3] {
    let cell = |line: &Vec<String>| line.get(column).cloned().unwrap_or_default();
    let own: Vec<String> = lines.iter().map(cell).filter(|name| !name.is_empty()).collect();
    let last = lines.len().saturating_sub(1);
    let over = lines.iter().enumerate().map(|(at, line)| {
        let to_the_left = line.iter().take(column + 1).rev().find(|name| !name.is_empty());
        if at < last { to_the_left.cloned().unwrap_or_default() } else { cell(line) }
    });
    let over: Vec<String> = over.filter(|name| !name.is_empty()).collect();
    let lowest = own.last().cloned().unwrap_or_default();
    [over.concat(), own.concat(), lowest]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::rep::RepLayouts;

    fn layout() -> RepLayout {
        let layouts = RepLayouts::load(None, &Catalog::builtin().unwrap()).unwrap();
        layouts.all["op_sample"].clone()
    }

    fn sheet(lines: &[&str]) -> Sheet {
        let split = |line: &&str| line.split('|').map(str::to_owned).collect();
        Sheet { name: String::new(), lines: (1..).zip(lines.iter().map(split)).collect() }
    }

    fn at(found: &FoundHeader, word: &'static str) -> Option<usize> {
        found.columns.get(&LayoutWord::Ours(word)).copied()
    }

    #[test]
    fn a_header_is_found_below_titles_and_over_merged_lines() {
        let sheet = sheet(&[
            "รายงาน REP งวด 5705||||",
            "หน่วยบริการ||แฟ้ม|ผลการตรวจสอบ|",
            "รหัส|ชื่อ||สถานะ|รหัส\nข้อผิดพลาด",
            "04001|รพ.สต.|EPI|ผ่าน|",
        ]);
        let found = find(&[sheet], &layout()).unwrap();
        assert_eq!(found.data, 3);
        let words = ["hcode", "file", "result", "code"].map(|word| at(&found, word));
        assert_eq!(words, [Some(0), Some(2), Some(3), Some(4)]);
    }

    #[test]
    fn a_wrong_header_is_shown_with_the_names_that_are_wanted() {
        let sheet = sheet(&["HCODE|แฟ้ม|ชื่อ", "04001|EPI|x"]);
        let error = find(&[sheet], &layout()).unwrap_err().to_string();
        for part in ["HCODE | แฟ้ม | ชื่อ", "code (ERROR CODE, ERRORCODE", "op_sample"]
        {
            assert!(error.contains(part), "{part}: {error}");
        }
        let error = find(&[], &layout()).unwrap_err().to_string();
        assert!(error.contains("hcode (HCODE"), "{error}");
    }

    #[test]
    fn a_column_that_stands_there_twice_is_refused() {
        let sheet = sheet(&["HCODE|FILE|CODE|CODE", "04001|EPI|x|y"]);
        let error = find(&[sheet], &layout()).unwrap_err().to_string();
        assert!(error.contains("code"), "{error}");
    }

    #[test]
    fn the_sheet_with_the_header_is_taken() {
        let sheets = [sheet(&["สรุป|1"]), sheet(&["HCODE|FILE|CODE", "04001|EPI|"])];
        assert_eq!(find(&sheets, &layout()).unwrap().sheet, 1);
    }
}
