//! The table of rules in the documentation is that of the program.

use std::path::Path;

use khlang::audit::{AuditRule, CountedBy, RuleLibrary};
use serde_json::json;

const BEGIN: &str =
    "<!-- rules: written by the test documented_rules_are_those_of_the_program -->\n";
const END: &str = "<!-- end of rules -->";

fn limit(rule: &AuditRule, limit: Option<&khlang::audit::limit::Threshold>) -> String {
    let Some(limit) = limit else { return "–".to_owned() };
    let text = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let word = if rule.counts == CountedBy::Groups { "groups" } else { "rows" };
    let parts = [
        limit.rows.map(|rows| format!("{rows} {word}")),
        limit.percent.map(|percent| format!("{} %", text(json!(percent)))),
        limit.z.map(|z| format!("z > {}", text(json!(z)))),
        limit.ratio.map(|ratio| format!("{} × median", text(json!(ratio)))),
        limit.rate.map(|rate| format!("> {}", text(json!(rate)))),
        limit.excess.map(|excess| format!("{excess} more")),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn table(library: &RuleLibrary) -> String {
    let mut text = "| rule | item | what | hold | warn | source | local defaults |\n|---|---|---|---|---|---|---|\n".to_owned();
    for rule in library.rules.values() {
        let (hold, warn) = (limit(rule, rule.hold.as_ref()), limit(rule, rule.warn.as_ref()));
        let cells = [
            format!("`{}`", rule.id),
            rule.item.clone(),
            format!("{}: {} / {}", rule.name.en, rule.says.en, rule.name.th),
            hold,
            warn,
            rule.source.clone(),
            rule.local_defaults.join(", "),
        ];
        text.extend(["| ", &cells.join(" | "), " |\n"]);
    }
    text
}

#[test]
fn documented_rules_are_those_of_the_program() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (told, after) = rest.split_once(END).unwrap();
    let wanted = table(&RuleLibrary::load(None).unwrap());
    if std::env::var_os("KHLANG_TEST_RECORD").is_some() {
        std::fs::write(&path, format!("{before}{BEGIN}{wanted}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(told, wanted, "write it anew with KHLANG_TEST_RECORD=1");
}
