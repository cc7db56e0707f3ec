//! Every step, in every state, by every role: the table of [OPPP-2557 s. 38-40].

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The last day to appeal, the day before it is over, and the day after.
const DEADLINE: &str = "2014-03-15";

fn standing(state: CaseState) -> CaseStanding {
    let told = state != CaseState::Selected;
    CaseStanding {
        state,
        told,
        appeal_by: told.then(|| day(DEADLINE)),
        severity: CaseSeverity::Hold,
        untold: false,
    }
}

/// For each step, with S N A V R for the states: who gets `y` yes, `l` late
/// with a reason, `-` not now, `f` not theirs, `u` unknown, by province, own
/// main unit, own unit, another's unit, monitoring. Two lines: on the last day
/// to appeal, and the day after. Something joined the case since its letter.
const EXPECTED: [(&str, [&str; 5], [&str; 5]); 10] = [
    (
        "notify",
        ["yuuuf", "-ffuf", "-ffuf", "-ffuf", "-ffuf"],
        ["yuuuf", "-ffuf", "-ffuf", "-ffuf", "-ffuf"],
    ),
    (
        "supplement",
        ["-uuuf", "yffuf", "yffuf", "yffuf", "-ffuf"],
        ["-uuuf", "yffuf", "yffuf", "yffuf", "-ffuf"],
    ),
    (
        "appeal",
        ["-uuuf", "yyyuf", "---uf", "---uf", "---uf"],
        ["-uuuf", "l--uf", "---uf", "---uf", "---uf"],
    ),
    (
        "withdraw",
        ["-uuuf", "---uf", "yyyuf", "---uf", "---uf"],
        ["-uuuf", "---uf", "yyyuf", "---uf", "---uf"],
    ),
    (
        "verify",
        ["-uuuf", "-ffuf", "yffuf", "-ffuf", "-ffuf"],
        ["-uuuf", "-ffuf", "yffuf", "-ffuf", "-ffuf"],
    ),
    (
        "resolve pay",
        ["yuuuf", "yffuf", "yffuf", "yffuf", "-ffuf"],
        ["yuuuf", "yffuf", "yffuf", "yffuf", "-ffuf"],
    ),
    (
        "resolve partial",
        ["-uuuf", "-ffuf", "-ffuf", "yffuf", "-ffuf"],
        ["-uuuf", "yffuf", "-ffuf", "yffuf", "-ffuf"],
    ),
    (
        "resolve withhold",
        ["-uuuf", "-ffuf", "-ffuf", "yffuf", "-ffuf"],
        ["-uuuf", "yffuf", "-ffuf", "yffuf", "-ffuf"],
    ),
    (
        "reopen",
        ["-uuuf", "-ffuf", "-ffuf", "-ffuf", "yffuf"],
        ["-uuuf", "-ffuf", "-ffuf", "-ffuf", "yffuf"],
    ),
    (
        "note",
        ["yuuuf", "yyyuf", "yyyuf", "yyyuf", "yyyuf"],
        ["yuuuf", "yyyuf", "yyyuf", "yyyuf", "yyyuf"],
    ),
];

const ACTORS: [Actor; 5] = [
    Actor { role: Role::Province, own: false },
    Actor { role: Role::Cup, own: true },
    Actor { role: Role::Unit, own: true },
    Actor { role: Role::Unit, own: false },
    Actor { role: Role::Metrics, own: false },
];

fn letters(step: &CaseStep, standing: CaseStanding, on: &str) -> String {
    let letter = |actor: &Actor| match answer(step, &standing, *actor, day(on)) {
        StepAnswer::Yes => 'y',
        StepAnswer::Late => 'l',
        StepAnswer::NotNow => '-',
        StepAnswer::Forbidden => 'f',
        StepAnswer::Unknown => 'u',
    };
    ACTORS.iter().map(letter).collect()
}

#[test]
fn nobody_loses_money_of_which_they_were_not_told() {
    // Never told, or told of a warning only: then there is no day to appeal.
    for (state, told) in
        CaseState::ALL.into_iter().flat_map(|state| [(state, false), (state, true)])
    {
        let standing = CaseStanding { told, appeal_by: None, ..standing(state) };
        for step in steps().iter().filter(|step| step.holds) {
            for on in [DEADLINE, "2014-03-16"] {
                let answers = letters(step, standing, on);
                assert!(!answers.contains('y'), "{} when {state:?}: {answers}", step.full_name());
            }
        }
    }
}

#[test]
fn every_step_in_every_state_by_every_role() {
    let names: Vec<String> = steps().iter().map(CaseStep::full_name).collect();
    assert_eq!(names, EXPECTED.map(|(name, ..)| name));
    for (step, (name, before, after)) in steps().iter().zip(EXPECTED) {
        for (at, state) in CaseState::ALL.into_iter().enumerate() {
            for (on, wanted) in [(DEADLINE, before), ("2014-03-16", after)] {
                let grown = standing(state);
                let grown = CaseStanding { untold: grown.told, ..grown };
                assert_eq!(letters(step, grown, on), wanted[at], "{name} when {state:?} on {on}");
            }
        }
    }
}

#[test]
fn of_a_case_that_nothing_joined_there_is_nothing_more_to_tell() {
    use CaseState::{Appealed, Notified, Verified};
    let supplement = step("supplement", None).unwrap();
    for state in CaseState::ALL {
        assert!(!letters(supplement, standing(state), DEADLINE).contains('y'), "{state:?}");
    }
    // Where it leads: an appeal goes on, and what was verified is verified again.
    for (from, to) in [(Notified, Notified), (Appealed, Appealed), (Verified, Appealed)] {
        assert_eq!(supplement.leads_to(from).unwrap_or(from), to);
    }
}

#[test]
fn a_warning_is_dismissed_and_never_touches_money() {
    for state in CaseState::ALL {
        let standing = CaseStanding { severity: CaseSeverity::Warn, ..standing(state) };
        for step in steps().iter().filter(|step| step.holds) {
            assert_eq!(
                letters(step, standing, "2014-03-16").chars().next(),
                Some('-'),
                "{}",
                step.full_name()
            );
        }
    }
}

#[test]
fn what_was_dismissed_before_anybody_was_told_stays_unseen() {
    let dismissed = CaseStanding { told: false, appeal_by: None, ..standing(CaseState::Resolved) };
    for actor in &ACTORS[1..4] {
        assert!(allowed(&dismissed, *actor, day(DEADLINE)).is_empty());
        assert!(!sees(*actor, false));
    }
}

#[test]
fn what_can_be_done_now_is_listed() {
    let list =
        |state, actor: usize, on| allowed(&standing(state), ACTORS[actor], day(on)).join(", ");
    assert_eq!(list(CaseState::Selected, 0, DEADLINE), "notify, resolve pay, note");
    assert_eq!(list(CaseState::Notified, 2, DEADLINE), "appeal, note");
    assert_eq!(list(CaseState::Notified, 2, "2014-03-16"), "note");
    assert_eq!(
        list(CaseState::Verified, 0, DEADLINE),
        "resolve pay, resolve partial, resolve withhold, note"
    );
}

#[test]
fn every_state_has_its_words() {
    for state in CaseState::ALL {
        assert!(!state.text().th.is_empty() && !state.text().en.is_empty());
        assert_eq!(CaseState::parse(state.as_str()), Some(state));
    }
}
