//! Findings as rows of a table, the same in receipts and downloads.

use std::borrow::Cow;

use crate::catalog::Severity;
use crate::submission::FindingLine;

/// The heading.
pub const HEADER: [&str; 11] =
    ["code", "severity", "file", "line", "field", "value", "key", "th", "mend_th", "en", "mend_en"];

/// One finding, in the order of [`HEADER`].
pub fn row(f: &FindingLine) -> [Cow<'_, str>; 11] {
    [
        Cow::from(&*f.code),
        Cow::from(if f.severity == Severity::Warning { "warning" } else { "error" }),
        Cow::from(&*f.file),
        Cow::from(f.line.to_string()),
        Cow::from(f.field.as_deref().unwrap_or("")),
        Cow::from(&f.value),
        Cow::from(&f.key),
        Cow::from(&f.texts.th),
        Cow::from(&f.texts.mend_th),
        Cow::from(&f.texts.en),
        Cow::from(&f.texts.mend_en),
    ]
}
