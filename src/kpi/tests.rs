use super::*;

#[test]
fn every_definition_can_be_read() {
    let library = Library::load(None).unwrap();
    assert!(!library.kpis.is_empty());
}

/// A definition whose numbers no day and no decimal can hold is refused when
/// it is read, not when it is counted.
#[test]
fn numbers_out_of_all_bounds_are_refused() {
    let files = library::builtin().unwrap();
    let text = files["dm_screen.toml"].clone();
    let read = |change: &str| {
        let text = format!("{change}\n{text}");
        library::definitions(&files, "dm_screen.toml", &text).map_err(|error| error.to_string())
    };
    assert!(read("").is_ok());
    assert!(read("places = 9").is_ok());
    assert!(read("places = 10").unwrap_err().contains("places are at most 9"));
    let name = read("").unwrap()[0].parameters.keys().next().unwrap().clone();
    let day = |day: &str| {
        let mut table: toml::Table = text.parse().unwrap();
        table["parameters"][&name] =
            format!("day = {day}").parse::<toml::Table>().unwrap()["day"].clone();
        let text = toml::to_string(&table).unwrap();
        library::definitions(&files, "dm_screen.toml", &text).map_err(|error| error.to_string())
    };
    let days = [
        Period::days("2500".parse().unwrap(), YearKind::Qof),
        Period::days("2700-12".parse().unwrap(), YearKind::Nhso),
    ];
    for near in
        ["years = 200, months = 2400, days = 73200", "years = -200, months = -2400, days = -73200"]
    {
        for from in ["start", "end", "year", "quarter"] {
            let definitions = day(&format!("{{ from = \"{from}\", {near} }}")).unwrap();
            for days in &days {
                let _ = definitions[0].parameters[&name].value(days);
            }
        }
    }
    for far in [
        "years = 201",
        "months = -2401",
        "days = 73201",
        "years = 2147483647",
        "months = -2147483648",
        "days = -9223372036854775808",
    ] {
        let error = day(&format!("{{ from = \"end\", {far} }}")).unwrap_err();
        assert!(error.contains(&name) && error.contains("too far"), "{error}");
    }
}

/// A word behind a file that means nothing is refused, in every alternative:
/// misspelt, it would ask for something else.
#[test]
fn a_need_with_an_unknown_word_is_refused() {
    let files = library::builtin().unwrap();
    let text = &files["postnatal.toml"];
    let read = |needs: &str| {
        let mut table: toml::Table = text.parse().unwrap();
        table["needs"] = vec![needs.to_owned()].into();
        let text = toml::to_string(&table).unwrap();
        library::definitions(&files, "postnatal.toml", &text).map_err(|error| error.to_string())
    };
    for good in
        ["LABOR|MCH@denominator", "WOMEN@round", "A|MCH.PPCARE3@ever", "A.B@ever@denominator"]
    {
        assert!(read(good).is_ok(), "{good}");
    }
    for bad in ["LABOR@denominater|MCH", "WOMEN@rounds", "MCH.PPCARE3@ever@", "LABOR@"] {
        let error = read(bad).unwrap_err();
        assert!(error.contains("means nothing"), "{bad}: {error}");
    }
}
