use super::*;

#[test]
fn the_built_in_schema_is_sound() {
    let catalog = Catalog::builtin().unwrap();
    assert_eq!(catalog.layouts(Standard::F21).count(), 21);
    assert_eq!(catalog.layouts(Standard::F43).filter(|l| !l.optional).count(), 43);
    assert_eq!(catalog.layouts(Standard::F43).filter(|l| l.optional).count(), 9);
}

#[test]
fn f21_files_share_the_record_of_their_f43_twin() {
    let catalog = Catalog::builtin().unwrap();
    for (f21, f43) in [("DIAG", "DIAGNOSIS_OPD"), ("NUTRI", "NUTRITION"), ("PERSON", "PERSON")] {
        let (a, _) = catalog.file(Standard::F21, f21).unwrap();
        let (b, _) = catalog.file(Standard::F43, f43).unwrap();
        assert_eq!(a.name, b.name);
    }
}

#[test]
fn every_check_of_the_dictionary_has_its_texts_and_every_text_its_check() {
    let catalog = Catalog::builtin().unwrap();
    for text in catalog.findings.iter().filter(|t| !t.field.is_empty() && t.file != "*") {
        let standard = if text.standard == "F21" { Standard::F21 } else { Standard::F43 };
        let layout = catalog.layout(standard, &text.file).unwrap();
        let column = layout.columns.iter().find(|c| c.name == text.field).unwrap();
        assert!(column.checks.iter().any(|c| c.code == text.code), "{}", text.code);
    }
}

#[test]
fn a_mistake_names_its_file_and_line() {
    let mut sources: Vec<(String, String)> = Schema::iter()
        .map(|name| {
            let data = Schema::get(&name).unwrap().data.into_owned();
            (name.into_owned(), String::from_utf8(data).unwrap())
        })
        .collect();
    let service = sources.iter_mut().find(|(f, _)| f == "records/service.toml").unwrap();
    service.1 = service.1.replacen("list = \"typein\"", "list = \"typeinn\"", 1);
    let line = 1 + service.1.split("typeinn").next().unwrap().matches('\n').count();
    let error = Catalog::from_sources(&sources, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("schema/records/service.toml:{line}: TYPEIN: no code list typeinn")
    );
}
