//! A province's own files: one place, and the old ones with a warning.

use crate::support::case::Khlang;

const TOML: &str = "name = { th = \"นับ\", en = \"count\" }\nunit = { th = \"\", en = \"\" }\n\
                    counts = \"rows\"\nsource = \"the province\"\n";

const SQL: &str = "SELECT HOSPCODE AS hcode, 1 AS den, 1 AS num FROM PERSON\n";

fn kpi(khlang: &Khlang, folder: &str, id: &str, name: &str) {
    khlang
        .write(&format!("data/{folder}/{id}.toml"), TOML.replace("count\"", &format!("{name}\"")));
    khlang.write(&format!("data/{folder}/{id}.sql"), SQL);
}

/// Names of the KPIs, and what `config check` says with its status.
fn told(khlang: &Khlang) -> (String, String, i32) {
    let list = khlang.run(&["kpi", "list", "--json"]);
    assert_eq!(list.status(), 0, "{}", list.err());
    let check = khlang.run(&["config", "check"]);
    (list.out(), check.err(), check.status())
}

#[test]
fn own_files_of_every_kind_are_read_from_one_place_without_a_word() {
    let khlang = Khlang::new();
    kpi(&khlang, "config/kpi", "ours", "ours-new");
    khlang.write("data/config/codes/clinic.csv", "code\n00100\n");
    let layout = include_str!("../config/reports/kpi66.toml");
    khlang.write("data/config/reports/own.toml", layout);
    khlang.write("data/config/rulebooks/2558.toml", include_str!("../config/rulebooks/2557.toml"));
    let (list, said, status) = told(&khlang);
    assert!(list.contains("ours-new"), "{list}");
    // The rulebook of another round under this name is a mistake: it was read.
    assert_ne!(status, 0);
    assert!(said.contains("2558.toml"), "{said}");
    std::fs::remove_file(khlang.path("data/config/rulebooks/2558.toml")).unwrap();
    let (_, said, status) = told(&khlang);
    assert_eq!((status, said.contains("old place")), (0, false), "{said}");
    let report = khlang.run(&["report", "own", "--period", "2563Q3", "--region", "12"]);
    assert!(!report.err().contains("kpi66"), "the layout is known: {}", report.err());
}

#[test]
fn the_old_places_are_still_read_and_config_check_names_them() {
    let khlang = Khlang::new();
    kpi(&khlang, "kpi", "ours", "ours-old");
    khlang.write("data/codes/clinic.csv", "code\n00100\n");
    khlang.write("data/reports/own.toml", include_str!("../config/reports/kpi66.toml"));
    let (list, said, status) = told(&khlang);
    assert!(list.contains("ours-old"), "{list}");
    assert_eq!(status, 0, "{said}");
    for (old, new) in [
        ("data/kpi", "data/config/kpi"),
        ("data/codes", "data/config/codes"),
        ("data/reports", "data/config/reports"),
    ] {
        let line = said.lines().find(|line| line.contains(&format!("{old} is the old place")));
        assert!(line.is_some_and(|line| line.contains(new)), "{old}: {said}");
        assert!(line.is_some_and(|line| line.contains("ที่เดิม")), "{said}");
    }
}

#[test]
fn of_a_file_in_both_places_the_new_one_is_used_and_config_check_says_so() {
    let khlang = Khlang::new();
    kpi(&khlang, "kpi", "ours", "ours-old");
    kpi(&khlang, "config/kpi", "ours", "ours-new");
    let (list, said, status) = told(&khlang);
    assert!(list.contains("ours-new") && !list.contains("ours-old"), "{list}");
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("ours.toml is in data/config/kpi and in data/kpi"), "{said}");
}

#[test]
fn a_mistake_in_an_own_code_list_is_told_wherever_the_list_lies() {
    for folder in ["config/codes", "codes"] {
        let khlang = Khlang::new();
        khlang.write(&format!("data/{folder}/clinic.csv"), "kode\n1\n");
        let check = khlang.run(&["config", "check"]);
        assert_eq!(check.status(), 1);
        assert!(check.err().contains("clinic.csv:1"), "{}", check.err());
    }
}
