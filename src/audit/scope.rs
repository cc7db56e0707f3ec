//! What the rules are run over, and what they found there.

use std::collections::{BTreeMap, BTreeSet};

use super::find::{AuditFinding, NotApplicable};

/// The part of a round over which the rules are run.
#[derive(Debug, Clone, Default)]
pub struct RunScope {
    /// This tranche only.
    pub tranche: Option<u32>,
    /// This unit only; its peers are still all units.
    pub unit: Option<String>,
    /// This rule only.
    pub rule: Option<String>,
}

/// Where a finding is: rule, tranche, unit.
pub type CasePlace = (String, String, String);

/// What the rules found.
#[derive(Debug, Clone, Default)]
pub struct FoundByRules {
    /// Findings by rule, tranche, unit.
    pub findings: BTreeMap<CasePlace, AuditFinding>,
    /// Units for which a rule had nothing to go by.
    pub not_applicable: Vec<NotApplicable>,
    /// Rules and tranches that were run.
    pub ran: BTreeSet<(String, String)>,
    /// Those of them for which all rows were read, because nothing was kept of
    /// them or too much has changed.
    pub in_full: BTreeSet<(String, String)>,
}

impl FoundByRules {
    /// Whether a rule had nothing to judge a unit by. That nothing was found
    /// then says nothing.
    pub(super) fn could_not_judge(&self, (rule, tranche, unit): &CasePlace) -> bool {
        self.not_applicable.iter().any(|line| {
            line.rule == *rule
                && line.tranche == *tranche
                && (line.unit == "*" || line.unit == *unit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Bilingual;

    #[test]
    fn where_nothing_could_be_judged_nothing_found_says_nothing() {
        let not = |tranche: &str, unit: &str| NotApplicable {
            rule: "op_utilisation".to_owned(),
            tranche: tranche.to_owned(),
            unit: unit.to_owned(),
            why: Bilingual::default(),
        };
        let found = FoundByRules {
            not_applicable: vec![not("1", "*"), not("2", "04001")],
            ..FoundByRules::default()
        };
        let asked = |rule: &str, tranche: &str, unit: &str| {
            found.could_not_judge(&(rule.to_owned(), tranche.to_owned(), unit.to_owned()))
        };
        assert!(asked("op_utilisation", "1", "04009") && asked("op_utilisation", "2", "04001"));
        assert!(!asked("op_utilisation", "2", "04009") && !asked("ncd_over", "1", "04009"));
    }
}
