//! A language, and a text in both languages.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Language of what people read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// Thai.
    #[default]
    Th,
    /// English.
    En,
}

impl Lang {
    /// Thai, the first language here, unless the code is `en`.
    pub fn from_code(code: Option<&str>) -> Self {
        if code == Some("en") { Self::En } else { Self::Th }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Th => Self::En,
            Self::En => Self::Th,
        }
    }

    /// Its code, as HTML and addresses have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Th => "th",
            Self::En => "en",
        }
    }
}

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bilingual {
    /// Thai.
    pub th: String,
    /// English.
    pub en: String,
}

impl Bilingual {
    /// A text in both languages.
    pub fn new(th: impl Into<String>, en: impl Into<String>) -> Self {
        Self { th: th.into(), en: en.into() }
    }

    /// A text that is the same in both: a name, a code.
    pub fn same(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { th: text.clone(), en: text }
    }

    /// English and Thai in one line, for messages whose reader's language is
    /// not known: `English / Thai`.
    pub fn both(&self) -> String {
        format!("{} / {}", self.en, self.th)
    }

    /// The text in a language.
    pub fn pick(&self, lang: Lang) -> &str {
        match lang {
            Lang::Th => &self.th,
            Lang::En => &self.en,
        }
    }
}
