use super::*;

#[test]
fn every_definition_can_be_read() {
    let library = Library::load(None).unwrap();
    assert!(!library.kpis.is_empty());
}
