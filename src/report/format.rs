//! The export formats: a file each, and a line each in the list below. The
//! API, the commands, the configuration and the exports take them from here.

use chrono::{DateTime, FixedOffset};
use serde::{Deserialize, Serialize};

use super::document::Document;
use super::error::ReportError;
use super::form::Form;
use crate::text::Lang;

/// Declares the formats from one list: the name in code, and the module that
/// has its `FORM`.
macro_rules! formats {
    ($($(#[doc = $doc:literal])+ $format:ident = $module:ident,)+) => {
        /// A form of a document.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Format {
            $($(#[doc = $doc])+ $format,)+
        }

        impl Format {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$format),+];
            /// Their names.
            pub const NAMES: &[&str] = &[$(super::$module::FORM.name),+];
            /// What HTTP calls them.
            pub const MEDIA_TYPES: &[&str] = &[$(super::$module::FORM.media_type),+];
            const FORMS: &[&Form] = &[$(&super::$module::FORM),+];
        }
    };
}

formats! {
    /// Comma-separated values, for spreadsheets and programs.
    Csv = csv,
    /// A workbook.
    Xlsx = xlsx,
    /// For programs.
    Json = json,
    /// A page for people, which prints well.
    Html = html,
}

/// How many formats have documents of many tables.
const WHOLE: usize = {
    let (mut at, mut count) = (0, 0);
    while at < Format::FORMS.len() {
        count += Format::FORMS[at].table.is_none() as usize;
        at += 1;
    }
    count
};

/// One text of each of these formats.
const fn of_whole(texts: &[&'static str]) -> [&'static str; WHOLE] {
    let mut found = [""; WHOLE];
    let (mut at, mut count) = (0, 0);
    while at < Format::FORMS.len() {
        if Format::FORMS[at].table.is_none() {
            found[count] = texts[at];
            count += 1;
        }
        at += 1;
    }
    found
}

impl Format {
    /// Names of those in which a statement is made, which has many tables.
    pub const OF_STATEMENTS: &[&str] = &of_whole(Self::NAMES);
    /// What HTTP calls those.
    pub const MEDIA_TYPES_OF_STATEMENTS: &[&str] = &of_whole(Self::MEDIA_TYPES);

    const fn form(self) -> &'static Form {
        Self::FORMS[self as usize]
    }

    /// Its name, and the ending of its files.
    pub fn as_str(self) -> &'static str {
        self.form().name
    }

    /// The format of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.as_str() == name)
    }

    /// What HTTP calls it.
    pub const fn media_type(self) -> &'static str {
        self.form().media_type
    }

    /// Whether a terminal cannot show it.
    pub fn is_binary(self) -> bool {
        self.form().binary
    }
}

impl Document {
    /// Writes it in a format. `made` is the time that it says it was made at.
    ///
    /// # Errors
    ///
    /// When the format cannot be made, which no value is a reason for.
    pub fn write(
        &self,
        format: Format,
        lang: Lang,
        made: DateTime<FixedOffset>,
    ) -> Result<Vec<u8>, ReportError> {
        (format.form().write)(self, lang, made)
    }

    /// Writes it into files: one a format, but one a table in a format that has
    /// one heading a file.
    ///
    /// # Errors
    ///
    /// As [`Document::write`].
    pub fn files(
        &self,
        format: Format,
        lang: Lang,
        made: DateTime<FixedOffset>,
    ) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
        let ending = format.as_str();
        if let Some(write) = format.form().table {
            let files =
                self.tables().map(|table| (format!("{}.{ending}", table.name), write(table, lang)));
            return Ok(files.collect());
        }
        Ok(vec![(format!("{}.{ending}", self.name), self.write(format, lang, made)?)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_every_format() {
        let config = include_str!("../../config/khlang.toml");
        let names = Format::NAMES.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>();
        let line = format!("formats = [{}]", names.join(", "));
        assert!(config.contains(&line), "config/khlang.toml does not say {line}");
    }

    #[test]
    fn statements_are_made_in_every_format_but_that_of_one_table() {
        assert_eq!(Format::OF_STATEMENTS, ["xlsx", "json", "html"]);
    }
}
