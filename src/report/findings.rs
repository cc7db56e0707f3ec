//! Findings as rows of a table and as JSON, the same in receipts and
//! downloads.

use std::borrow::Cow;
use std::io::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::value::RawValue;

use super::csv;
use crate::submission::FindingLine;

/// The heading.
pub const HEADER: [&str; 11] =
    ["code", "severity", "file", "line", "field", "value", "key", "th", "mend_th", "en", "mend_en"];

/// One finding, in the order of [`HEADER`].
pub fn row(f: &FindingLine) -> [Cow<'_, str>; 11] {
    [
        Cow::from(&*f.code),
        Cow::from(f.severity.as_str()),
        Cow::from(&*f.file),
        Cow::from(f.line.to_string()),
        Cow::from(f.field.as_deref().unwrap_or("")),
        Cow::from(&f.value),
        Cow::from(&f.key),
        Cow::from(&f.texts.th),
        Cow::from(&f.texts.fix_th),
        Cow::from(&f.texts.en),
        Cow::from(&f.texts.fix_en),
    ]
}

/// The rows of findings as lines of CSV behind others, as [`csv::table`] writes
/// them.
pub fn csv_lines(findings: &[FindingLine], out: &mut Vec<u8>) {
    out.reserve(findings.len() * 640);
    let mut shared = Shared::default();
    for f in findings {
        let [head, field, tail] = shared.parts(f, csv_parts);
        out.extend_from_slice(head);
        write!(out, "{}", f.line).expect("memory takes all");
        out.extend_from_slice(field);
        csv::cell(out, &f.value);
        out.push(b',');
        csv::cell(out, &f.key);
        out.extend_from_slice(tail);
    }
}

/// A list of findings as JSON, as it is serialized.
pub fn json_list(findings: &[FindingLine]) -> Box<RawValue> {
    let mut out = Vec::with_capacity(findings.len() * 800 + 2);
    let mut shared = Shared::default();
    out.push(b'[');
    for (at, f) in findings.iter().enumerate() {
        let [head, field, key, tail] = shared.parts(f, json_parts);
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(head);
        write!(out, "{}", f.line).expect("memory takes all");
        out.extend_from_slice(field);
        serde_json::to_writer(&mut out, &f.value).expect("memory takes all");
        out.extend_from_slice(key);
        serde_json::to_writer(&mut out, &f.key).expect("memory takes all");
        out.extend_from_slice(tail);
    }
    out.push(b']');
    let text = String::from_utf8(out).expect("texts make texts");
    RawValue::from_string(text).expect("it is JSON")
}

/// What findings have around their own parts. Many findings share all of it,
/// and it is most of what is written: it is put into its form once.
struct Shared<const PARTS: usize> {
    by_kind: FxHashMap<[usize; 5], [Vec<u8>; PARTS]>,
}

impl<const PARTS: usize> Default for Shared<PARTS> {
    fn default() -> Self {
        Self { by_kind: FxHashMap::default() }
    }
}

impl<const PARTS: usize> Shared<PARTS> {
    /// Findings share what lies at one place in memory; while they live
    /// nothing else lies there.
    fn parts(
        &mut self,
        f: &FindingLine,
        parts: fn(&FindingLine) -> [Vec<u8>; PARTS],
    ) -> &[Vec<u8>; PARTS] {
        let place = |text: &Arc<str>| Arc::as_ptr(text).addr();
        let kind = [
            place(&f.code),
            f.severity as usize,
            place(&f.file),
            f.field.as_ref().map_or(0, place),
            Arc::as_ptr(&f.texts).addr(),
        ];
        self.by_kind.entry(kind).or_insert_with(|| parts(f))
    }
}

/// What stands before the line, between it and the value, and after the key.
fn csv_parts(f: &FindingLine) -> [Vec<u8>; 3] {
    let row = row(f);
    let joined = |cells: &[Cow<str>]| {
        let mut out = Vec::new();
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            csv::cell(&mut out, cell);
        }
        out
    };
    [
        [joined(&row[..3]), b",".to_vec()].concat(),
        [b",".to_vec(), joined(&row[4..5]), b",".to_vec()].concat(),
        [b",".to_vec(), joined(&row[7..]), b"\r\n".to_vec()].concat(),
    ]
}

/// What stands before the line, the value and the key, and after the key.
fn json_parts(f: &FindingLine) -> [Vec<u8>; 4] {
    let blank = FindingLine { line: 0, value: String::new(), key: String::new(), ..f.clone() };
    let json = serde_json::to_string(&blank).expect("texts and a number");
    // Within a string no quote stands without a backslash before it.
    let cut = |json: &str, name: &str, value: &str| {
        let (before, after) = json.split_once(&format!("{name}{value}")).expect("a finding has it");
        ([before, name].concat().into_bytes(), after.to_owned())
    };
    let (head, rest) = cut(&json, "\"line\":", "0");
    let (field, rest) = cut(&rest, "\"value\":", "\"\"");
    let (key, tail) = cut(&rest, "\"key\":", "\"\"");
    [head, field, key, tail.into_bytes()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::Severity;
    use crate::submission::Texts;

    /// Texts that have to be quoted or escaped, and some that need not.
    const TEXT: &str =
        "[a-z0-9|]{0,4}|[=@'\",\\\\\r\n\tก:{}\u{1}-]{0,5}|\"(line\":0|value\":\"\"|key\":\"\")";

    fn finding(own: (u32, String, String), kind: (&str, Option<String>, Severity)) -> FindingLine {
        let (line, value, key) = own;
        let (text, field, severity) = kind;
        let part = |name: &str| format!("{name}{text}");
        let texts = Texts { th: part("ก"), en: part(""), fix_th: part("ข"), fix_en: part("") };
        FindingLine {
            code: text.into(),
            severity,
            file: part("F").into(),
            line,
            field: field.map(Into::into),
            value,
            key,
            texts: Arc::new(texts),
        }
    }

    proptest! {
        #[test]
        fn findings_are_written_as_any_row_and_any_value_is(
            kinds in proptest::collection::vec((TEXT, proptest::option::of(TEXT), any::<bool>()), 1..4),
            own in proptest::collection::vec((any::<u32>(), TEXT, TEXT, 0..4_usize), 0..12),
        ) {
            let kinds: Vec<FindingLine> = kinds
                .into_iter()
                .map(|(text, field, warning)| {
                    let severity = if warning { Severity::Warning } else { Severity::Error };
                    finding((0, String::new(), String::new()), (&text, field, severity))
                })
                .collect();
            let findings: Vec<FindingLine> = own
                .into_iter()
                .map(|(line, value, key, kind)| {
                    FindingLine { line, value, key, ..kinds[kind % kinds.len()].clone() }
                })
                .collect();
            let mut lines = csv::table(&HEADER, std::iter::empty::<[Cow<str>; 11]>());
            csv_lines(&findings, &mut lines);
            prop_assert_eq!(lines, csv::table(&HEADER, findings.iter().map(row)));
            let json = json_list(&findings);
            prop_assert_eq!(json.get(), serde_json::to_string(&findings).unwrap());
        }
    }
}
