//! The population registry: who scores with it and without, UC heads, and how
//! a file becomes one.

use std::fmt::Write as _;

use khlang::registry::{
    ImportError, Imported, PersonTerms, Population, PopulationSource, import, population, uc_heads,
};

use super::*;
use crate::support::case::Khlang;

/// Persons by the code of a unit.
pub(super) type Counts = Vec<(String, u64)>;

impl Scene {
    /// Imports a registry of persons by their numbers.
    pub(super) fn register(&mut self, persons: &[(u32, &str, &str, &str)]) -> Imported {
        let mut text = "cid,hcode,hmain,scheme\n".to_owned();
        for (person, hcode, hmain, scheme) in persons {
            writeln!(text, "{},{hcode},{hmain},{scheme}", cid(*person)).unwrap();
        }
        self.import(&text).unwrap()
    }

    fn import(&mut self, text: &str) -> Result<Imported, ImportError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("population.csv");
        std::fs::write(&path, text).unwrap();
        import(self.0.store(), &path, "somebody", NOW, 3)
    }

    fn population(&self) -> Population {
        population(&self.0.reader()).unwrap()
    }

    /// UC heads by unit and by main unit.
    pub(super) fn heads(&self) -> (Counts, Counts) {
        let reader = self.0.reader();
        let book = book();
        let terms = PersonTerms {
            uc_scheme: &book.person.uc_scheme,
            resident: &book.person.resident,
            round: book.round,
            as_of: AsOf::find(&reader, None).unwrap().submission,
        };
        let main = |unit: &str| environment().units.by_code[unit].cup.clone();
        let heads = uc_heads(&reader, &self.population(), &terms, &main).unwrap();
        (heads.by_unit.into_iter().collect(), heads.by_main.into_iter().collect())
    }
}

fn with_vaccination(nation: &'static str) -> Scene {
    let mut scene = Scene::new();
    let person = Person { nation, ..Person::new(1) };
    let files = [
        ("PERSON", vec![person.row()]),
        ("EPI", vec![row(HOSPITAL, "1|7|20131015|106|10670|$|")]),
        ("FP", vec![row(HOSPITAL, "1|7|20131015|1|P|1|10670|$")]),
    ];
    scene.send("20131101", &files);
    scene
}

#[test]
fn only_the_registered_score_but_for_vaccinations_of_non_thais() {
    // [OPPP-2557 s. 31]: a 13-digit ID in the population database, except EPI of
    // non-Thais.
    for (nation, listed, epi, fp) in [
        ("099", true, "0.25", "0.10"),
        ("099", false, "0.00", "0.00"),
        ("048", true, "0.25", "0.10"),
        ("048", false, "0.25", "0.00"),
        ("", false, "0.00", "0.00"),
    ] {
        let mut scene = with_vaccination(nation);
        scene.register(&[(if listed { 1 } else { 2 }, HOSPITAL, HOSPITAL, "UCS")]);
        let found = (scene.item("EPI"), scene.item("FP"));
        assert_eq!(found, (epi.to_owned(), fp.to_owned()), "{nation} {listed}");
    }
}

#[test]
fn an_unknown_nation_is_not_that_of_a_non_thai() {
    // NATION 999, 000 or blank says nothing (local default): who is not in the
    // registry then does not score. In both standards.
    for (nation, points) in [
        ("048", "0.25"),
        ("056", "0.25"),
        ("48", "0.25"),
        ("099", "0.00"),
        ("999", "0.00"),
        ("000", "0.00"),
        ("0", "0.00"),
        ("", "0.00"),
    ] {
        let mut scene = with_vaccination(nation);
        scene.register(&[(2, HOSPITAL, HOSPITAL, "UCS")]);
        assert_eq!(scene.item("EPI"), points, "F21, NATION {nation:?}");
        if nation.is_empty() {
            // Required in the 43 files.
            continue;
        }
        let mut scene = Scene::new();
        let person = format!("{HOSPITAL}|{}|1|003|ก|ข|1|19850520|{nation}|9|1|{CHANGED}", cid(1));
        scene.send_as(HOSPITAL, "F43", "20131101", &[("PERSON43", vec![person])]);
        scene.send("20131102", &[("EPI", vec![row(HOSPITAL, "1|7|20131015|106|10670|$|")])]);
        scene.register(&[(2, HOSPITAL, HOSPITAL, "UCS")]);
        assert_eq!(scene.item("EPI"), points, "F43, NATION {nation:?}");
    }
}

#[test]
fn a_line_without_hcode_makes_a_person_known_and_counts_no_head() {
    for line in [
        format!("{},,,OFC", cid(1)),
        format!("{},,10670,OFC", cid(1)),
        format!("{},\"\", ,UCS", cid(1)),
        format!("{},,,", cid(1)),
    ] {
        let mut scene = with_vaccination("099");
        let text = format!("cid,hcode,hmain,scheme\n{line}\n{},10670,10670,UCS\n", cid(2));
        let imported = scene.import(&text).unwrap();
        assert_eq!((imported.persons, imported.bad), (2, 0), "{line}");
        assert_eq!(imported.without_hcode, 1, "{line}");
        assert_eq!((scene.item("EPI"), scene.item("FP")), ("0.25".to_owned(), "0.10".to_owned()));
        let one = vec![(HOSPITAL.to_owned(), 1)];
        assert_eq!(scene.heads(), (one.clone(), one), "{line}");
    }
    // With HCODE the rest is needed as before.
    let mut scene = Scene::new();
    let text = format!(
        "cid,hcode,hmain,scheme\n{},10670,,UCS\n{},10670,10670,\n{},1067,,OFC\n{},,,OFC\n",
        cid(1),
        cid(2),
        cid(3),
        cid(4)
    );
    let imported = scene.import(&text).unwrap();
    assert_eq!((imported.persons, imported.bad), (1, 3));
}

#[test]
fn somebody_of_any_scheme_scores() {
    let mut scene = with_vaccination("099");
    scene.register(&[(1, HOSPITAL, HOSPITAL, "SSS")]);
    assert_eq!(scene.item("FP"), "0.10");
    assert_eq!(scene.heads().0, []);
}

#[test]
fn without_a_registry_the_person_rows_stand_in_and_it_is_said() {
    let mut scene = with_vaccination("099");
    assert_eq!(scene.population().source, PopulationSource::PersonRows);
    assert_eq!(scene.item("FP"), "0.10");
    let points = scene.points();
    let sheet = khlang::score::ScoreReport::new(
        &book(),
        &environment().units,
        &points,
        &khlang::score::ScoreQuery::default(),
        |_| (),
    );
    assert!(sheet.local_defaults.contains(&"population".to_owned()));
    assert!(sheet.notes.iter().any(|note| note.key == "population"));
    // Residents stand in for UC heads, each at one unit.
    let there = Person { unit: CENTRE, pid: 9, ..Person::new(2) };
    let away = Person { unit: CENTRE, area: "4", ..Person::new(3) };
    scene.send_as(CENTRE, "F21", "20131101", &[("PERSON", vec![there.row(), away.row()])]);
    let one = |unit: &str, heads| (unit.to_owned(), heads);
    assert_eq!(scene.heads(), (vec![one(CENTRE, 1), one(HOSPITAL, 1)], vec![one(HOSPITAL, 2)]));
    let id = scene.register(&[(1, CENTRE, HOSPITAL, "ucs"), (2, CENTRE, HOSPITAL, "OFC")]);
    assert_eq!(scene.heads(), (vec![one(CENTRE, 1)], vec![one(HOSPITAL, 1)]));
    let registry = scene.population().registry.unwrap();
    assert_eq!((registry.sha256, registry.file.as_str()), (id.sha256, "population.csv"));
}

#[test]
fn a_row_without_its_person_goes_by_its_own_number() {
    let mut scene = Scene::new();
    let person = scene.send("20131101", &[("PERSON", vec![Person::new(1).row()])]);
    let text = format!("1|7|20131015|106|10670|$|{}", cid(2));
    scene.send("20131102", &[("EPI", vec![row(HOSPITAL, &text)])]);
    scene.register(&[(1, HOSPITAL, HOSPITAL, "UCS")]);
    // PERSON's number goes before the row's own.
    assert_eq!(scene.item("EPI"), "0.25");
    scene.0.store().void(person, "somebody", "test", NOW).unwrap();
    assert_eq!(scene.item("EPI"), "0.00");
    scene.register(&[(2, HOSPITAL, HOSPITAL, "UCS")]);
    assert_eq!(scene.item("EPI"), "0.25");
}

#[test]
fn bad_lines_are_left_out_and_named() {
    let (good, other) = (cid(1), cid(2));
    let text = format!(
        "\u{feff}HCODE, cid,scheme,hmain,name\r\n\
         10670,{good},UCS,10670,ก\r\n\
         \r\n\
         10670,12,UCS,10670,ก\r\n\
         10670,{good},UCS,10670,ก\r\n\
         1067,{other},UCS,10670,ก\r\n\
         10670,{other},UCS\r\n\
         \"10670\",\"{other}\",\"ofc\",\"10670\",\"ข\"\r\n"
    );
    let mut scene = Scene::new();
    let imported = scene.import(&text).unwrap();
    assert_eq!((imported.persons, imported.bad), (2, 4));
    let lines: Vec<u64> = imported.bad_lines.iter().map(|line| line.line).collect();
    assert_eq!(lines, [4, 5, 6], "at most three are listed");
    assert!(imported.bad_lines.iter().all(|line| !line.th.is_empty() && !line.en.is_empty()));
    assert_eq!(imported.bad_lines[1].en, "the CID stands above already");
}

#[test]
fn a_file_that_is_no_registry_leaves_the_old_one_whole() {
    let mut scene = Scene::new();
    let first = scene.register(&[(1, HOSPITAL, HOSPITAL, "UCS")]);
    let long = format!("cid,hcode,hmain,scheme\n{}\n", "9".repeat(100_000));
    for text in ["", "cid,hcode,hmain\n", "cid,hcode,hmain,scheme\nx,10670,10670,UCS\n", &long] {
        assert!(matches!(scene.import(text), Err(ImportError::File { .. })), "{text:.40}");
        assert_eq!(scene.population().registry.unwrap().sha256, first.sha256);
        assert_eq!(scene.heads().1, [(HOSPITAL.to_owned(), 1)]);
    }
    // The next good one replaces all of it.
    scene.register(&[(2, CENTRE, HOSPITAL, "UCS"), (3, CENTRE, HOSPITAL, "UCS")]);
    assert_eq!(scene.heads().0, [(CENTRE.to_owned(), 2)]);
}

#[test]
fn the_command_reports_bad_lines_and_says_by_its_status_that_there_were_some() {
    let khlang = Khlang::new();
    let text = format!("cid,hcode,hmain,scheme\n{},10670,10670,UCS\n1,10670,10670,UCS\n", cid(1));
    let path = khlang.write("population.csv", text);
    let ran = khlang.run(&["registry", "import", path.to_str().unwrap()]);
    assert_eq!(ran.status(), 2);
    assert!(ran.out().contains("population.csv:3: "), "{}", ran.out());
    assert!(ran.out().contains("13 หลัก") && ran.out().contains("13 digits"));
    assert!(!ran.out().contains(&cid(1)) && !ran.err().contains(&cid(1)));
    let ran = khlang.run(&["registry", "import", "--json", path.to_str().unwrap()]);
    assert_eq!((ran.json()["persons"].as_u64(), ran.json()["bad"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn times_of_forwarding_come_from_a_list_whole_or_not_at_all() {
    let khlang = Khlang::new();
    let mut files = vec![("PERSON", vec![Person { unit: CENTRE, ..Person::new(1) }.row()])];
    files.push(("SURVEIL", vec![row(CENTRE, "1|7|20140101|A09|02|20131230|$")]));
    khlang.import("F21_04001_20140103090000.zip", &archive(&files));
    let points = || {
        let sheet = khlang.run(&["score", "--round", "2557", "--unit", CENTRE, "--json"]).json();
        sheet["units"][0]["points"]["SURVEIL"].as_str().unwrap().to_owned()
    };
    assert_eq!(points(), "1.00");
    let list = |text: &str| {
        let text = format!("destination,submission,at\n{text}\n");
        let path = khlang.write("forwarded.csv", text);
        khlang.run(&["registry", "forwarded", path.to_str().unwrap()]).status()
    };
    assert_eq!(list("NHSO,1,2014-01-20\nNHSO,99,2014-01-20"), 1);
    assert_eq!(points(), "1.00");
    assert_eq!(list("NHSO,1,2014-01-20"), 0);
    assert_eq!(points(), "0.50");
}
