//! What honest data raise.

use crate::support::case::Khlang;

#[test]
fn the_clean_sample_opens_no_case_that_holds_money() {
    for standard in ["f43", "f21"] {
        let khlang = Khlang::new().now("2014-07-31T10:00:00+07:00");
        let sample = [
            "sample",
            "sample",
            "--units",
            "10",
            "--persons",
            "2000",
            "--months",
            "12",
            "--seed",
            "5",
            "--start",
            "2013-07-01",
            "--standard",
            standard,
        ];
        assert_eq!(khlang.run(&sample).status(), 0);
        std::fs::copy(khlang.path("sample/units.csv"), khlang.path("data/units.csv")).unwrap();
        let mut archives: Vec<String> = std::fs::read_dir(khlang.path("sample"))
            .unwrap()
            .map(|entry| entry.unwrap().path().display().to_string())
            .filter(|path| path.ends_with(".zip"))
            .collect();
        archives.sort();
        let archives: Vec<&str> =
            ["import"].into_iter().chain(archives.iter().map(String::as_str)).collect();
        let ran = khlang.run(&archives);
        assert_eq!(ran.status(), 0, "{}", ran.err());
        assert_eq!(khlang.run(&["registry", "import", "sample/population.csv"]).status(), 0);
        let ran = khlang.run(&["audit", "run", "--round", "2557", "--fail-on", "hold", "--json"]);
        assert_eq!(ran.status(), 0, "{standard}: {}{}", ran.out(), ran.err());
        let found = ran.json();
        assert_eq!(found["checked"]["rules"], 39);
        // It is not for want of looking: some rules warn.
        let warned = khlang.run(&["audit", "list", "--severity", "warn", "--json"]).json();
        assert!(!warned.as_array().unwrap().is_empty(), "{standard}: {found:#}");
        assert_eq!(
            khlang.run(&["audit", "list", "--severity", "hold", "--json"]).json(),
            serde_json::json!([])
        );
    }
}
