//! Migrations of the database, and the mark by which its file is recognized.

use std::sync::LazyLock;

use include_dir::Dir;
use rusqlite_migration::Migrations;

use super::identity::DatabaseForm;
use crate::overlay::SCHEMA;

static FOLDER: LazyLock<&Dir> =
    LazyLock::new(|| SCHEMA.get_dir("migrations").expect("the folder is part of the program"));
pub(super) static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    Migrations::from_directory(&FOLDER).expect("the folder is part of the program and tested")
});

/// The database.
pub(super) const KHLANG: DatabaseForm = DatabaseForm {
    application_id: 0x4b48_4c47, // KHLG
    tables: &["submission", "tally", "problem", "visit", "meta"],
    latest: || FOLDER.dirs().count() as i64,
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_sound() {
        MIGRATIONS.validate().unwrap();
    }
}
