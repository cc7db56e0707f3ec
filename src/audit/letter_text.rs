//! What letters say: texts of the program (`schema/audit/letters/`), and over
//! them a province's own (`DATA/config/audit/letters/`), with places for values.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::case::{NOTIFIED, is_letter};
use super::rule_files::{RuleError, RuleFiles};
use super::steps::CaseState;
use super::view::ShownCase;
use crate::text::Bilingual;

/// Which letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LetterKind {
    /// The unit is told what was selected.
    Notify,
    /// The unit is told how it was decided.
    Result,
}

impl LetterKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Notify, Self::Result];

    /// One of these words.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// As it is called in commands and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Notify => "notify",
            Self::Result => "result",
        }
    }

    /// The step that it tells of, as it stands in the record.
    pub(super) fn event(self) -> &'static str {
        match self {
            Self::Notify => NOTIFIED,
            Self::Result => "resolved",
        }
    }

    /// Whether there is one of a case. A letter tells how a case stands, not how it
    /// stood once: none of a decision that was reopened, none that a unit was not
    /// told of, and no notice of a case that became a hold since.
    pub fn is_of(self, case: &ShownCase) -> bool {
        let told = case.events.iter().any(|event| is_letter(&event.step));
        match self {
            Self::Notify => case.line.appeal_by.is_some(),
            Self::Result => case.line.state == CaseState::Resolved && told,
        }
    }

    /// Whether it tells of a step.
    pub(super) fn tells_of(self, step: &str) -> bool {
        step == self.event() || (self == Self::Notify && is_letter(step))
    }
}

/// What the letters of both kinds say.
#[derive(Debug, Clone, Default)]
pub struct LetterTexts {
    /// By kind.
    texts: BTreeMap<LetterKind, LetterText>,
}

/// What a letter says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LetterText {
    /// What it is about.
    pub subject: Bilingual,
    /// Its paragraphs, in order.
    #[serde(rename = "paragraph")]
    pub paragraphs: Vec<LetterParagraph>,
}

/// A paragraph of a letter.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LetterParagraph {
    /// When it stands in a letter; always when nothing is said.
    #[serde(default)]
    pub only: Option<ParagraphOf>,
    /// In Thai.
    pub th: String,
    /// In English.
    pub en: String,
}

/// Of which cases a paragraph speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ParagraphOf {
    /// Cases that hold money.
    Hold,
    /// Cases with rows.
    Rows,
    /// Cases of rates.
    Rate,
}

/// Values that every letter can name.
const VALUES: [&str; 7] = ["hcode", "unit", "tranche", "round", "cases", "held", "appeal_by"];

/// Without this a unit would not be told how long it can appeal.
const LAST_DAY: &str = "{appeal_by}";

/// The folder of letters in a folder of rules.
pub(super) const FOLDER: &str = "letters/";

impl LetterTexts {
    /// The texts among the files of rules, each proven.
    pub(super) fn from_files(files: &RuleFiles) -> Result<Self, RuleError> {
        let mut texts = BTreeMap::new();
        for (name, (text, _)) in files.iter().filter(|(name, _)| name.starts_with(FOLDER)) {
            let wrong = |what: String| RuleError { file: name.clone(), what };
            let stem = name.trim_start_matches(FOLDER).trim_end_matches(".toml");
            let kind = LetterKind::parse(stem).ok_or_else(|| {
                wrong("there is no such letter: notify.toml, result.toml".to_owned())
            })?;
            let letter: LetterText =
                toml::from_str(text).map_err(|e| wrong(e.to_string().trim_end().to_owned()))?;
            check(kind, &letter, text).map_err(wrong)?;
            texts.insert(kind, letter);
        }
        match LetterKind::ALL.into_iter().find(|kind| !texts.contains_key(kind)) {
            Some(kind) => {
                let file = format!("{FOLDER}{}.toml", kind.as_str());
                Err(RuleError { file, what: "missing".to_owned() })
            }
            None => Ok(Self { texts }),
        }
    }

    /// What a letter says.
    pub(super) fn text_of(&self, kind: LetterKind) -> Option<&LetterText> {
        self.texts.get(&kind)
    }
}

/// Proves that a letter says something in both languages, and names only values
/// that there are; tells the line.
fn check(kind: LetterKind, letter: &LetterText, text: &str) -> Result<(), String> {
    let subject = (&letter.subject.th, &letter.subject.en);
    let paragraphs = letter.paragraphs.iter().map(|part| (&part.th, &part.en));
    let line_of = |part: &str| {
        let at = text.find(part.trim()).map_or(0, |at| text[..at].matches('\n').count() + 1);
        format!("line {at}")
    };
    for (th, en) in [subject].into_iter().chain(paragraphs) {
        for said in [th, en] {
            if said.trim().is_empty() {
                let other = if th.trim().is_empty() { en } else { th };
                let what = "every text is in Thai and in English";
                return Err(format!("{}: {what}", line_of(other)));
            }
            for part in said.split('{').skip(1) {
                let Some((name, _)) = part.split_once('}') else {
                    let what = "a { without its }";
                    return Err(format!("{}: {what}", line_of(said)));
                };
                if !VALUES.contains(&name) {
                    let near = crate::spelling::nearest(name, VALUES.into_iter());
                    let near = near.map_or(String::new(), |near| format!(", did you mean {near}?"));
                    return Err(format!(
                        "{}: there is no value {{{name}}}{near} (there are {})",
                        line_of(said),
                        VALUES.join(", ")
                    ));
                }
            }
        }
    }
    if letter.paragraphs.is_empty() {
        return Err("a letter has paragraphs".to_owned());
    }
    let told = |pick: &dyn Fn(&LetterParagraph) -> &str| {
        letter.paragraphs.iter().any(|part| part.only.is_none() && pick(part).contains(LAST_DAY))
    };
    if kind == LetterKind::Notify && !(told(&|part| &part.th) && told(&|part| &part.en)) {
        return Err(format!(
            "a unit is told the last day to appeal: {LAST_DAY} stands in a paragraph of every letter, in both languages"
        ));
    }
    Ok(())
}

/// A text with values in place of `{name}`, read once: a value may hold braces.
pub(super) fn fill(text: &str, values: &BTreeMap<&str, String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(values.get(name).map_or("", String::as_str));
        rest = behind;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::super::rule_files::builtin;
    use super::*;

    fn with(file: &str, change: impl Fn(&str) -> String) -> Result<LetterTexts, RuleError> {
        let mut files = builtin().unwrap();
        let text = files.get(file).map_or_else(String::new, |(text, _)| text.clone());
        files.insert(file.to_owned(), (change(&text), true));
        LetterTexts::from_files(&files)
    }

    #[test]
    fn a_mistake_in_a_letter_is_told_with_its_file_and_line() {
        let notify = "letters/notify.toml";
        let table: [(&str, &str, &str, &[&str]); 6] = [
            (
                notify,
                "{appeal_by}",
                "{apeal_by}",
                &["line", "{apeal_by}", "did you mean appeal_by"],
            ),
            (notify, "{unit}", "{unit", &["line", "a { without its }"]),
            (notify, "only = \"hold\"", "only = \"held\"", &["line 14", "held"]),
            (notify, "[[paragraph]]", "[[paragraf]]", &["line 9", "paragraf"]),
            (
                "letters/result.toml",
                "en = \"Decision",
                "en = \" \" # \"",
                &["in Thai and in English"],
            ),
            ("letters/warn.toml", "", "", &["no such letter"]),
        ];
        for (file, from, to, wanted) in table {
            let told = with(file, |text| text.replacen(from, to, 1)).unwrap_err().to_string();
            assert!(told.starts_with(&format!("config/audit/{file}: ")), "{told}");
            for part in wanted {
                assert!(told.contains(part), "{from} → {to}: {told}");
            }
        }
    }

    #[test]
    fn a_notice_names_the_last_day_to_appeal_in_both_languages() {
        for from in ["ได้ถึงวันที่ {appeal_by}", "until {appeal_by}"] {
            let told = with("letters/notify.toml", |text| text.replacen(from, "", 1)).unwrap_err();
            assert!(told.to_string().contains("{appeal_by}"), "{told}");
        }
        assert!(with("letters/result.toml", |text| text.replace("{held}", "x")).is_ok());
    }

    #[test]
    fn a_value_may_hold_braces() {
        let values = BTreeMap::from([("unit", "{held}".to_owned())]);
        assert_eq!(fill("a {unit} b {nothing}{unit} {open", &values), "a {held} b {held} {open");
    }
}
