//! What the first bytes of a member say: header or none, data or none, and
//! what is wrong with either (M01–M05).

use std::io::Read;

use crate::archive::{Archive, ReadError};
use crate::catalog::Layout;
use crate::load::member::Member;
use crate::load::odd::with_content;
use crate::problem_code::ProblemCode;
use crate::row::{BOM, CompiledLayout, Encoding, HeaderError, Order, decode, is_header};
use crate::text::text;

/// Bytes of a member that are looked at before it is read as a whole.
const HEAD: usize = 128 << 10;

/// Bytes that are looked at first: enough for a header line, so that little is
/// inflated twice.
const HEADER: usize = 4 << 10;

/// Rows of the head whose number of columns is looked at.
const HEAD_ROWS: usize = 100;

/// The only word of a member that its program filled in because it had no data.
const PLACEHOLDER: &str = "test";

/// The head of a member.
pub(super) struct MemberHead {
    /// Its lines as text.
    pub text: String,
    /// The member has more.
    pub cut: bool,
}

/// What is to be said of a head.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What breaks the member.
    pub troubles: Vec<HeaderError>,
    /// The line of it.
    pub line: Option<u64>,
    /// Line of the first row, when its values are put in quotes.
    pub quoted: Option<u64>,
}

impl Said {
    fn broken(code: ProblemCode, line: u64, detail: String) -> Self {
        let troubles = vec![HeaderError { code, detail, nearest: None }];
        Self { troubles, line: Some(line), quoted: None }
    }
}

impl Member {
    /// Reads header and shape off the first bytes.
    pub(super) fn read_head(
        &mut self,
        head: &MemberHead,
        layout: &Layout,
        compiled: &CompiledLayout,
    ) -> Said {
        let mut lines = with_content(&head.text).peekable();
        let Some(&(number, first)) = lines.peek() else {
            self.has_data = head.cut;
            return Said::default();
        };
        self.orders = Order::of_versions(compiled);
        if is_header(first, compiled, layout) || is_cr_header(first, compiled, layout) {
            lines.next();
            self.header_line = number;
            let order = match Order::of_header(first, compiled, layout) {
                Ok(order) => order,
                Err(_) if is_cr_header(first, compiled, layout) => return self.cr_alone(number),
                Err(troubles) => {
                    self.has_data = lines.next().is_some() || head.cut;
                    return Said { troubles, line: Some(number), quoted: None };
                }
            };
            self.orders = vec![order];
            let again = |line: &str| line.eq_ignore_ascii_case(first);
            let rows: Vec<(u64, &str)> =
                lines.filter(|(_, line)| !again(line)).take(HEAD_ROWS).collect();
            self.has_data = !rows.is_empty() || head.cut;
            return match rows.iter().find(|(_, row)| self.is_cr_row(row)) {
                Some((line, _)) => self.cr_alone(*line),
                None => Said { quoted: quoted(&rows), ..Said::default() },
            };
        }
        let rows: Vec<(u64, &str)> = lines.take(HEAD_ROWS).collect();
        if rows.len() == 1 && !head.cut && first.eq_ignore_ascii_case(PLACEHOLDER) {
            return Said::default();
        }
        self.has_data = true;
        let fits = rows.iter().any(|(_, line)| self.fits(line));
        let one_line = first.contains('\r') && !fits && !head.text.contains('\n');
        if let Some((line, _)) = rows.iter().find(|(_, row)| one_line || self.is_cr_row(row)) {
            return self.cr_alone(*line);
        }
        let quoted = quoted(&rows);
        if fits {
            let rows: Vec<&str> = rows.iter().map(|(_, line)| *line).collect();
            Order::settle_ties(&mut self.orders, &rows, compiled);
            return Said { quoted, ..Said::default() };
        }
        let detail = self.unknown_number(first.split('|').count(), compiled);
        Said { quoted, ..Said::broken(ProblemCode::ColumnCount, number, detail) }
    }

    /// Whether a row has as many columns as one of the orders; one trailing
    /// delimiter is right structure.
    fn fits(&self, line: &str) -> bool {
        let fields = line.split('|').count();
        let trailing = usize::from(line.ends_with('|'));
        let widths = || self.orders.iter().map(|order| order.columns.len());
        widths().any(|width| width == fields || width + trailing == fields)
    }

    /// Whether a line is rows with CR between them, and not one with a CR in a
    /// text.
    fn is_cr_row(&self, line: &str) -> bool {
        line.contains('\r') && !self.fits(line) && self.fits(first_piece(line))
    }

    /// M05 for line ends of CR alone.
    fn cr_alone(&mut self, line: u64) -> Said {
        self.has_data = true;
        let told = text("load.cr_alone");
        Said::broken(ProblemCode::NotText, line, format!("{}; {}", told.th, told.en))
    }

    /// A number of columns that no version has: which do, and what a row would
    /// lack to be of the next larger one.
    fn unknown_number(&self, fields: usize, compiled: &CompiledLayout) -> String {
        let mut orders: Vec<&Order> = self.orders.iter().collect();
        orders.sort_by_key(|order| order.columns.len());
        orders.dedup_by_key(|order| order.columns.len());
        let counts: Vec<String> = orders.iter().map(|o| o.columns.len().to_string()).collect();
        let next = orders.iter().find(|order| order.columns.len() > fields);
        let lacks = next.and_then(|order| {
            let missing = order.columns[fields]?;
            Some((order.columns.len(), compiled.columns[missing].name.as_str()))
        });
        let lacks = lacks.map_or(String::new(), |(count, name)| {
            format!("; of {count} the first that is missing is {name}")
        });
        format!("{fields} columns; {} has {}{lacks}", self.file, counts.join(", "))
    }
}

/// What comes before the first CR within a line.
fn first_piece(line: &str) -> &str {
    line.split('\r').next().unwrap_or_default().trim()
}

/// Whether a line begins with a header that ends with CR alone.
fn is_cr_header(line: &str, compiled: &CompiledLayout, layout: &Layout) -> bool {
    line.contains('\r') && is_header(first_piece(line), compiled, layout)
}

/// The line of the first row, when its values are quoted.
fn quoted(rows: &[(u64, &str)]) -> Option<u64> {
    rows.first().filter(|(_, row)| is_quoted(row)).map(|(line, _)| *line)
}

/// Whether values of a row stand in quotes, which the format does not have: they
/// are part of the values. (One alone may be a name that has quotes.)
fn is_quoted(row: &str) -> bool {
    let quoted = |value: &&str| value.len() > 1 && value.starts_with('"') && value.ends_with('"');
    row.split('|').map(str::trim).filter(quoted).count() > 1
}

/// Whether a beginning has a header line and a whole row: all that is asked of
/// a member whose header names its columns.
fn has_header(bytes: &[u8], compiled: &CompiledLayout, layout: &Layout) -> bool {
    let whole = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
    let text = as_text(&bytes[..whole]);
    let mut lines = with_content(&text);
    let header = lines.next();
    header.is_some_and(|(_, line)| is_header(line, compiled, layout)) && lines.next().is_some()
}

/// The head of a member as text. Its encoding is settled when it is read as a
/// whole; names and numbers of columns are ASCII in both.
pub(super) fn read_head(
    archive: &Archive,
    entry: usize,
    compiled: &CompiledLayout,
    layout: &Layout,
) -> Result<MemberHead, ReadError> {
    let mut bytes = Vec::new();
    let mut reader = archive.reader(entry)?;
    reader.by_ref().take(HEADER as u64).read_to_end(&mut bytes)?;
    if bytes.len() == HEADER && !has_header(&bytes, compiled, layout) {
        reader.take((HEAD - HEADER) as u64).read_to_end(&mut bytes)?;
    }
    let cut = archive.entries()[entry].inflated > bytes.len() as u64;
    let whole = if cut {
        memchr::memrchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1)
    } else {
        bytes.len()
    };
    Ok(MemberHead { text: as_text(&bytes[..whole]), cut })
}

fn as_text(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let mut text = String::new();
    if decode(bytes, Encoding::Utf8, &mut text).is_err() {
        text = encoding_rs::WINDOWS_874.decode_without_bom_handling(bytes).0.into_owned();
    }
    text
}
