//! Lines that hold no record, and what programs leave around those that do:
//! skipped or cut off, counted, and told in notes. None of them is a row.

use super::member::{Member, problem};
use crate::archive::Standard;
use crate::catalog::Layout;
use crate::environment::Environment;
use crate::problem_code::ProblemCode;
use crate::row::{CompiledLayout, Order, is_header, name};
use crate::submission::Problem;

/// What the end of a file was marked with once; `copy` still does.
const CTRL_Z: char = '\u{1a}';

/// A byte order mark as text.
const MARK: char = '\u{feff}';

/// What may be odd about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Odd {
    /// Blank, or of delimiters only.
    Blank,
    /// Ctrl-Z.
    CtrlZ,
    /// The header again.
    Header,
    /// A byte order mark after the beginning.
    Mark,
}

impl Odd {
    const ALL: [Self; 4] = [Self::Blank, Self::CtrlZ, Self::Header, Self::Mark];

    /// The code of its note.
    fn code(self) -> ProblemCode {
        match self {
            Self::Blank => ProblemCode::BlankLines,
            Self::CtrlZ => ProblemCode::CtrlZ,
            Self::Header => ProblemCode::HeaderAgain,
            Self::Mark => ProblemCode::ByteOrderMark,
        }
    }
}

/// By kind: the first line, and how many there are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Oddities([(u64, u64); Odd::ALL.len()]);

impl Oddities {
    fn add(&mut self, odd: Odd, line: u64) {
        let (first, count) = &mut self.0[odd as usize];
        if *count == 0 {
            *first = line;
        }
        *count += 1;
    }

    /// What the sender is told.
    pub fn notes(
        &self,
        environment: &Environment,
        standard: Standard,
        member: &str,
    ) -> Vec<Problem> {
        let found = Odd::ALL.into_iter().zip(self.0).filter(|(_, (_, count))| *count > 0);
        found
            .map(|(odd, (first, count))| {
                let (member, line) = (Some(member), Some(first));
                problem(environment, Some(standard), odd.code(), member, line, count.to_string())
            })
            .collect()
    }
}

/// A line without line ends and marks around it, and which marks there were.
struct Bare<'t> {
    text: &'t str,
    ctrl_z: bool,
    mark: bool,
}

impl<'t> Bare<'t> {
    /// `last` says that it is the last line, and not ended: Ctrl-Z may be its
    /// end.
    fn trim(line: &'t str, last: bool) -> Self {
        let mut bare = Self { text: line.trim_matches('\r'), ctrl_z: false, mark: false };
        while let Some(rest) = bare.text.strip_prefix([CTRL_Z, MARK]) {
            bare.ctrl_z |= bare.text.starts_with(CTRL_Z);
            bare.mark |= bare.text.starts_with(MARK);
            bare.text = rest.trim_start_matches('\r');
        }
        if last && bare.text.ends_with(CTRL_Z) {
            bare.ctrl_z = true;
            bare.text = bare.text.trim_end_matches([CTRL_Z, '\r']);
        }
        bare
    }

    fn is_blank(&self) -> bool {
        self.text.bytes().all(|byte| byte == b'|' || byte.is_ascii_whitespace())
    }
}

/// The lines of a beginning that hold something, with their numbers, without
/// what stands around them.
pub fn with_content(head: &str) -> impl Iterator<Item = (u64, &str)> {
    head.split('\n').enumerate().filter_map(|(index, line)| {
        let bare = Bare::trim(line, true);
        (!bare.is_blank()).then(|| (index as u64 + 1, bare.text.trim()))
    })
}

/// Tells the rows of a member from its other lines.
pub struct RowLines<'m> {
    compiled: &'m CompiledLayout,
    layout: &'m Layout,
    member: &'m Member,
    /// Names that a header that comes again may begin with.
    firsts: Vec<&'m str>,
    /// What was found.
    pub odd: Oddities,
}

impl<'m> RowLines<'m> {
    /// For a member with this layout.
    pub fn new(compiled: &'m CompiledLayout, layout: &'m Layout, member: &'m Member) -> Self {
        let first = |order: &Order| order.columns.first().copied().flatten();
        let columns = member.orders.iter().filter_map(first).map(|at| &layout.columns[at]);
        let spellings = |column: &'m crate::catalog::WireColumn| {
            std::iter::once(column.name.as_str()).chain(column.alias.iter().map(String::as_str))
        };
        let mut firsts: Vec<&str> = columns.flat_map(spellings).collect();
        firsts.sort_unstable();
        firsts.dedup();
        Self { compiled, layout, member, firsts, odd: Oddities::default() }
    }

    /// The row of a line, which is `ended` by a line feed or not; none when it
    /// holds no record.
    #[inline]
    pub fn row<'t>(&mut self, number: u64, line: &'t str, ended: bool) -> Option<&'t str> {
        // Nearly every row begins with the digits of a unit, and ends in no
        // control character.
        match line.as_bytes() {
            [b'0'..=b'9', .., last] if *last > b' ' => Some(line),
            _ => self.look(number, line, ended),
        }
    }

    fn look<'t>(&mut self, number: u64, line: &'t str, ended: bool) -> Option<&'t str> {
        if number == self.member.header_line {
            return None;
        }
        let bare = Bare::trim(line, !ended);
        if bare.ctrl_z {
            self.odd.add(Odd::CtrlZ, number);
        }
        if bare.mark {
            self.odd.add(Odd::Mark, number);
        }
        if bare.is_blank() {
            // LF CR as line end leaves a CR after the last.
            let left_over = !ended && bare.text.is_empty();
            if !bare.ctrl_z && !bare.mark && !left_over {
                self.odd.add(Odd::Blank, number);
            }
            return None;
        }
        if is_again(bare.text, self) {
            self.odd.add(Odd::Header, number);
            return None;
        }
        Some(bare.text)
    }
}

/// Whether a line says the order that the rows have anyway.
fn is_again(line: &str, rows: &RowLines) -> bool {
    let first = name(line.split('|').next().unwrap_or_default());
    if !rows.firsts.iter().any(|known| known.eq_ignore_ascii_case(first)) {
        return false;
    }
    is_header(line, rows.compiled, rows.layout)
        && Order::of_header(line, rows.compiled, rows.layout)
            .is_ok_and(|order| rows.member.orders.iter().any(|o| o.columns == order.columns))
}
