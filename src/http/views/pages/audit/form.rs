//! The forms of the steps that somebody can take now: made from the table of
//! steps, so that a form asks for what its step needs and for nothing else.

use serde::Serialize;

use super::{one, word};
use crate::audit::act::PROPOSALS;
use crate::audit::steps::{Actor, CaseStanding, CaseStep, StepAnswer, answer, steps};
use crate::credentials::Role;
use crate::http::page::Lang;
use crate::text::Bilingual;
use chrono::NaiveDate;

/// A field of a form.
#[derive(Debug, Serialize)]
pub struct FormField {
    /// Its name.
    name: String,
    /// `text`, `long`, `day`, `percent`, `proposal` or `csv`.
    kind: &'static str,
    /// What it is called.
    label: String,
    /// Whether it has to be filled in.
    required: bool,
    /// What stands in it.
    value: String,
}

/// The form of a step.
#[derive(Debug, Serialize)]
pub struct StepForm {
    /// The step with its decision.
    step: String,
    /// The decision alone.
    decision: Option<String>,
    /// Its name for the address of its place on the page.
    anchor: String,
    /// What it is called.
    name: String,
    /// Its fields.
    fields: Vec<FormField>,
    /// Whether it is the one that was sent and refused.
    open: bool,
}

/// What somebody filled in before a step was refused.
pub type FilledIn<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The forms of what somebody can do now; `sent` is the step that was refused,
/// with what was filled in.
pub fn forms(
    lang: Lang,
    standing: CaseStanding,
    actor: Actor,
    today: NaiveDate,
    (sent, said): (Option<&str>, FilledIn<'_>),
) -> Vec<StepForm> {
    let mut forms = Vec::new();
    for step in steps() {
        let late = match answer(step, &standing, actor, today) {
            StepAnswer::Yes => false,
            StepAnswer::Late => true,
            _ => continue,
        };
        let full = step.full_name();
        let open = sent == Some(full.as_str());
        let value = |name: &str| if open { said(name) } else { None };
        forms.push(StepForm {
            fields: fields(step, actor, late)
                .into_iter()
                .map(|(name, kind, required)| FormField {
                    label: label(lang, step, name),
                    value: value(name).unwrap_or_else(|| match kind {
                        "day" => today.to_string(),
                        _ => String::new(),
                    }),
                    name: name.to_owned(),
                    kind,
                    required,
                })
                .collect(),
            anchor: format!("step-{}", full.replace(' ', "-")),
            name: one(lang, &Bilingual::new(&step.th, &step.en)).to_owned(),
            decision: step.decision.clone(),
            step: full,
            open,
        });
    }
    forms
}

/// The fields of a step: name, kind, whether it is needed.
fn fields(step: &CaseStep, actor: Actor, late: bool) -> Vec<(&'static str, &'static str, bool)> {
    let province = actor.role == Role::Province;
    let all: [(&'static str, &'static str); 9] = [
        ("letter_no", "text"),
        ("on", "day"),
        ("found", "long"),
        ("proposal", "proposal"),
        ("percent", "percent"),
        ("condition", "long"),
        ("text", "long"),
        ("late", "long"),
        ("verdicts", "csv"),
    ];
    let needs = |name: &str| step.needs.iter().any(|need| need == name);
    let mut fields: Vec<_> = all
        .into_iter()
        .filter(|(name, _)| step.takes(name))
        // A paper has a day of its own; who signs in acts today.
        .filter(|(name, _)| *name != "on" || province)
        .filter(|(name, _)| *name != "late" || late)
        .filter(|(name, _)| *name != "condition" || needs(name) || step.takes("percent"))
        .map(|(name, kind)| (name, kind, needs(name) || (name == "late" && late)))
        .collect();
    if province {
        fields.push(("by", "text", false));
    }
    fields
}

/// What a field is called; some mean another thing in another step.
fn label(lang: Lang, step: &CaseStep, name: &str) -> String {
    let key = match (name, step.name.as_str()) {
        ("letter_no", _) => "audit.field_letter_no",
        ("on", "notify") => "audit.field_on_letter",
        ("on", "verify") => "audit.field_on_visit",
        ("on", _) => "audit.field_on_paper",
        ("found", _) => "audit.field_found",
        ("proposal", _) => "audit.field_proposal",
        ("percent", _) => "audit.field_percent",
        ("condition", _) => "audit.field_condition",
        ("late", _) => "audit.field_late",
        ("verdicts", _) => "audit.field_verdicts",
        ("by", "verify") => "audit.field_took_part",
        ("by", _) => "audit.field_by",
        (_, "note" | "verify") => "audit.field_note",
        (_, "appeal") => "audit.field_appeal",
        _ => "audit.field_reason",
    };
    word(lang, key)
}

/// What can be proposed, with the words for it.
pub fn proposals(lang: Lang) -> Vec<(&'static str, String)> {
    let name = |proposal: &str| {
        let step = steps().iter().find(|step| step.decision.as_deref() == Some(proposal));
        step.map_or_else(String::new, |step| {
            one(lang, &Bilingual::new(&step.th, &step.en)).to_owned()
        })
    };
    PROPOSALS.into_iter().map(|proposal| (proposal, name(proposal))).collect()
}
