//! What the first bytes of a member say: header or none, data or none, and
//! what is wrong with either (M01–M05).

use std::io::Read;

use super::Member;
use crate::archive::{Archive, ReadTrouble};
use crate::catalog::Layout;
use crate::load::odd::with_content;
use crate::row::{BOM, Encoding, HeaderTrouble, Order, Plan, decode, is_header};

/// Bytes of a member that are looked at before it is read as a whole.
const HEAD: usize = 128 << 10;

/// Bytes that are looked at first: enough for a header line, so that little is
/// inflated twice.
const HEADER: usize = 4 << 10;

/// Rows of the head whose number of columns is looked at.
const HEAD_ROWS: usize = 100;

/// The M05 of a file of an old Macintosh, in both languages.
const CR_ALONE: &str =
    "ขึ้นบรรทัดใหม่ด้วย CR อย่างเดียว ต้องเป็น CRLF หรือ LF; line ends of CR alone, should be CRLF or LF";

/// The head of a member.
pub(super) struct Head {
    /// Its lines as text.
    pub text: String,
    /// The member has more.
    pub cut: bool,
}

/// What is to be said of a head.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What breaks the member.
    pub troubles: Vec<HeaderTrouble>,
    /// The line of it.
    pub line: Option<u64>,
    /// Line of the first row, when its values are put in quotes.
    pub quoted: Option<u64>,
}

impl Member {
    /// Reads header and shape off the first bytes.
    pub(super) fn read_head(&mut self, head: &Head, layout: &Layout, plan: &Plan) -> Said {
        let mut lines = with_content(&head.text).peekable();
        let Some(&(number, first)) = lines.peek() else {
            self.has_data = head.cut;
            return Said::default();
        };
        let broken = |code: &'static str, detail: String| Said {
            troubles: vec![HeaderTrouble { code, detail, nearest: None }],
            line: Some(number),
            quoted: None,
        };
        self.orders = Order::of_versions(plan);
        let fits = |orders: &[Order], line: &str| {
            let fields = line.split('|').count();
            let trailing = usize::from(line.ends_with('|'));
            orders.iter().any(|o| o.columns.len() == fields || o.columns.len() + trailing == fields)
        };
        if first.contains('\r') {
            let pieces: Vec<&str> =
                first.split('\r').map(str::trim).filter(|piece| !piece.is_empty()).collect();
            let whole = fits(&self.orders, first);
            let line_of_old =
                is_header(pieces[0], plan, layout) || (!whole && fits(&self.orders, pieces[0]));
            if line_of_old || (!whole && !head.text.contains('\n')) {
                self.has_data = true;
                return broken("M05", CR_ALONE.to_owned());
            }
        }
        if is_header(first, plan, layout) {
            lines.next();
            self.header_line = number;
            let again = |line: &str| line.eq_ignore_ascii_case(first);
            let row = lines.find(|(_, line)| !again(line));
            self.has_data = row.is_some() || head.cut;
            return match Order::of_header(first, plan, layout) {
                Ok(order) => {
                    self.orders = vec![order];
                    let quoted = row.filter(|(_, row)| is_quoted(row)).map(|(line, _)| line);
                    Said { quoted, ..Said::default() }
                }
                Err(troubles) => Said { troubles, line: Some(number), quoted: None },
            };
        }
        let rows: Vec<(u64, &str)> = lines.take(HEAD_ROWS).collect();
        if rows.len() == 1 && !head.cut && first.eq_ignore_ascii_case("test") {
            return Said::default();
        }
        self.has_data = true;
        let quoted = is_quoted(first).then_some(number);
        if rows.iter().any(|(_, line)| fits(&self.orders, line)) {
            let rows: Vec<&str> = rows.iter().map(|(_, line)| *line).collect();
            Order::settle_ties(&mut self.orders, &rows, plan);
            return Said { quoted, ..Said::default() };
        }
        let detail = self.unknown_number(first.split('|').count(), plan);
        Said { quoted, ..broken("M01", detail) }
    }

    /// A number of columns that no version has: which do, and what a row would
    /// lack to be of the next larger one.
    fn unknown_number(&self, fields: usize, plan: &Plan) -> String {
        let mut orders: Vec<&Order> = self.orders.iter().collect();
        orders.sort_by_key(|order| order.columns.len());
        orders.dedup_by_key(|order| order.columns.len());
        let counts: Vec<String> = orders.iter().map(|o| o.columns.len().to_string()).collect();
        let next = orders.iter().find(|order| order.columns.len() > fields);
        let lacks = next.and_then(|order| {
            let missing = order.columns[fields]?;
            Some((order.columns.len(), plan.columns[missing].name.as_str()))
        });
        let lacks = lacks.map_or(String::new(), |(count, name)| {
            format!("; of {count} the first that is missing is {name}")
        });
        format!("{fields} columns; {} has {}{lacks}", self.file, counts.join(", "))
    }
}

/// Whether values of a row stand in quotes, which the format does not have: they
/// are part of the values. (One alone may be a name that has quotes.)
fn is_quoted(row: &str) -> bool {
    let quoted = |value: &&str| value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    row.split('|').map(str::trim).filter(quoted).count() > 1
}

/// Whether a beginning has a header line and a whole row: all that is asked of
/// a member whose header names its columns.
fn has_header(bytes: &[u8], plan: &Plan, layout: &Layout) -> bool {
    let whole = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    let text = as_text(&bytes[..whole]);
    let mut lines = with_content(&text);
    let header = lines.next();
    header.is_some_and(|(_, line)| is_header(line, plan, layout)) && lines.next().is_some()
}

/// The head of a member as text. Its encoding is settled when it is read as a
/// whole; names and numbers of columns are ASCII in both.
pub(super) fn of(
    archive: &Archive,
    entry: usize,
    plan: &Plan,
    layout: &Layout,
) -> Result<Head, ReadTrouble> {
    let mut bytes = Vec::new();
    let mut reader = archive.reader(entry)?;
    reader.by_ref().take(HEADER as u64).read_to_end(&mut bytes)?;
    if bytes.len() == HEADER && !has_header(&bytes, plan, layout) {
        reader.take((HEAD - HEADER) as u64).read_to_end(&mut bytes)?;
    }
    let cut = archive.entries()[entry].inflated > bytes.len() as u64;
    let whole = if cut {
        memchr::memrchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1)
    } else {
        bytes.len()
    };
    Ok(Head { text: as_text(&bytes[..whole]), cut })
}

fn as_text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let mut text = String::new();
    if decode(bytes, Encoding::Utf8, &mut text).is_err() {
        text = encoding_rs::WINDOWS_874.decode_without_bom_handling(bytes).0.into_owned();
    }
    text
}
