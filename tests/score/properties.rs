//! What must hold for any rows, in any order.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;

use super::*;

/// An archive's rows about a few persons of one unit: what is drawn is a key,
/// and equal keys have equal rows.
#[derive(Debug, Clone)]
struct Drawn {
    unit: &'static str,
    sent: &'static str,
    visits: Vec<(u32, &'static str, u32)>,
    vaccinations: Vec<(u32, &'static str)>,
    weighings: Vec<(u32, &'static str)>,
    ill: Vec<(u32, &'static str)>,
    chronic: Vec<u32>,
}

impl Drawn {
    fn zip(&self) -> Vec<u8> {
        let unit = self.unit;
        // Persons 1 to 4 are known everywhere; 4 lives elsewhere.
        let person = (1..=4).map(|pid| {
            let area = if pid == 4 { "4" } else { "1" };
            Person { unit, area, birth: "20100115", ..Person::new(pid) }.row()
        });
        let visits = |text: &dyn Fn(u32, &str, u32) -> String| {
            self.visits.iter().map(|(p, d, s)| row(unit, &text(*p, d, *s))).collect::<Vec<_>>()
        };
        archive(&[
            ("PERSON", person.collect()),
            ("SERVICE", visits(&|p, d, s| format!("{p}|{s}|{d}|100|0100|0|{}|$", s % 2))),
            ("DIAG", visits(&|p, d, s| format!("{p}|{s}|{d}|1|J00|$|00100"))),
            (
                "EPI",
                self.vaccinations
                    .iter()
                    .map(|(p, d)| row(unit, &format!("{p}|1|{d}|106|10670|$|")))
                    .collect(),
            ),
            (
                "NUTRI",
                self.weighings
                    .iter()
                    .map(|(p, d)| row(unit, &format!("{p}|1|{d}|40|15.00|90.00|$")))
                    .collect(),
            ),
            (
                "SURVEIL",
                self.ill
                    .iter()
                    .map(|(p, d)| row(unit, &format!("{p}|1|{d}|A09|02|{d}|$")))
                    .collect(),
            ),
            (
                "CHRONIC",
                self.chronic.iter().map(|p| row(unit, &format!("{p}|20100101|E119|3|$"))).collect(),
            ),
        ])
    }

    fn load(&self, lab: &mut Lab) -> i64 {
        let name = format!("F21_{}_{}090000.zip", self.unit, self.sent);
        lab.load(&name, &self.zip()).id.unwrap()
    }
}

fn drawn(unit: &'static str, sent: &'static str) -> impl Strategy<Value = Drawn> {
    let day = || select(vec!["20130630", "20130701", "20130715", "20130801", "20130830"]);
    let person = || 1_u32..5;
    let list = |most| proptest::collection::vec((person(), day()), 0..most);
    (
        proptest::collection::vec((person(), day(), 1_u32..4), 1..6),
        list(4),
        list(4),
        list(3),
        proptest::collection::vec(person(), 0..4),
    )
        .prop_map(move |(visits, vaccinations, weighings, ill, chronic)| Drawn {
            unit,
            sent,
            visits,
            vaccinations,
            weighings,
            ill,
            chronic,
        })
}

/// Rows of SERVICE or DIAG by number of the person, visit and day. Numbers 1
/// and 3 are one person.
type Visits = BTreeSet<(u32, u32, &'static str)>;

fn visits() -> impl Strategy<Value = Visits> {
    let day = select(vec!["20130630", "20130701", "20130702", "20140630", "20140701"]);
    proptest::collection::btree_set((1_u32..4, 1_u32..4, day), 1..6)
}

fn pairs(services: &Visits, diagnoses: &Visits) -> Vec<(&'static str, Vec<String>)> {
    let service = services
        .iter()
        .map(|(pid, seq, day)| row(HOSPITAL, &format!("{pid}|{seq}|{day}|100|0100|0|0|$")));
    let diag = diagnoses
        .iter()
        .map(|(pid, seq, day)| row(HOSPITAL, &format!("{pid}|{seq}|{day}|1|J00|$|00100")));
    vec![("SERVICE", service.collect()), ("DIAG", diag.collect())]
}

/// Person-days of the round that have rows in both, without a visit's number.
fn person_days(services: &Visits, diagnoses: &Visits) -> usize {
    let days = |rows: &Visits| {
        let of_round = rows.iter().filter(|row| ("20130701"..="20140630").contains(&row.2));
        of_round.map(|(pid, _, day)| (pid % 2, *day)).collect::<BTreeSet<_>>()
    };
    days(services).intersection(&days(diagnoses)).count()
}

fn all_points(lab: Lab) -> (BTreeMap<String, BTreeMap<String, String>>, Lab) {
    let scene = Scene(lab);
    let points = scene.points();
    let units = points.units.keys().map(|unit| (unit.clone(), summed(&points, unit))).collect();
    (units, scene.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_order_of_submissions_changes_no_points(
        one in drawn(HOSPITAL, "20130831"),
        two in drawn(CENTRE, "20130831"),
        three in drawn("10671", "20130901"),
    ) {
        let all = [one, two, three];
        let run = |order: [usize; 3]| {
            let mut lab = Lab::new().at(NOW);
            for at in order {
                all[at].load(&mut lab);
            }
            all_points(lab).0
        };
        let first = run([0, 1, 2]);
        prop_assert!(!first.is_empty());
        prop_assert_eq!(&run([2, 1, 0]), &first);
        prop_assert_eq!(&run([1, 2, 0]), &first);
    }

    #[test]
    fn op_is_the_person_days_with_both_whatever_was_sent_when(
        first in (visits(), visits()),
        second in (visits(), visits()),
        in_time in any::<bool>(),
    ) {
        let mut scene = Scene::new();
        let people = [Person::new(1), Person::new(2), Person { pid: 3, ..Person::new(1) }];
        scene.send("20140701", &[("PERSON", people.map(|person| person.row()).to_vec())]);
        scene.send("20140702", &pairs(&first.0, &first.1));
        let sent = if in_time { "20140731235959" } else { "20140801000000" };
        let zip = archive(&pairs(&second.0, &second.1));
        scene.0.load(&format!("F21_{HOSPITAL}_{sent}.zip"), &zip);
        let (mut services, mut diagnoses) = first;
        if in_time {
            services.extend(second.0);
            diagnoses.extend(second.1);
        }
        let expected = person_days(&services, &diagnoses);
        prop_assert_eq!(scene.item("OP"), format!("{}.00", expected));
        prop_assert_eq!(scene.rows(HOSPITAL, "OP").len(), expected);
    }

    #[test]
    fn voiding_and_sending_again_restores_the_same_points(
        one in drawn(HOSPITAL, "20130831"),
        two in drawn(CENTRE, "20130901"),
    ) {
        let mut lab = Lab::new().at(NOW);
        let id = one.load(&mut lab);
        two.load(&mut lab);
        let (before, mut lab) = all_points(lab);
        lab.store().void(id, "somebody", "test", NOW).unwrap();
        let (without, mut lab) = all_points(lab);
        prop_assert!(!without.contains_key(HOSPITAL));
        one.load(&mut lab);
        let (after, _) = all_points(lab);
        prop_assert_eq!(before, after);
    }

    #[test]
    fn the_rows_behind_a_figure_add_up_to_it_whatever_was_sent(
        one in drawn(HOSPITAL, "20130831"),
    ) {
        let mut lab = Lab::new().at(NOW);
        one.load(&mut lab);
        let scene = Scene(lab);
        for (item, points) in scene.of(HOSPITAL) {
            let rows = scene.rows(HOSPITAL, &item);
            let sum: rust_decimal::Decimal = rows.iter().map(|row| row.points).sum();
            prop_assert_eq!(format!("{sum:.2}"), points, "{}", item);
        }
    }
}
