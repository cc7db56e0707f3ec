//! What a definition writes of a file that it needs: `FILE`, `FILE.COLUMN`,
//! alternatives `A|B`, each with words behind `@`.

/// A file that a KPI needs, as its definition writes it.
pub(super) struct Need<'d> {
    /// Kind of record.
    pub file: &'d str,
    /// A column that has to say something.
    pub column: Option<&'d str>,
    /// Of a register: only one of the period's rounds will do.
    pub round: bool,
    /// The column may be of any day: whether the layout that is sent has it at all.
    pub ever: bool,
}

impl<'d> Need<'d> {
    /// Reads one alternative.
    pub fn parse(text: &'d str) -> Self {
        let name = text.split('@').next().unwrap_or_default();
        let (file, column) = name.split_once('.').map_or((name, None), |(f, c)| (f, Some(c)));
        let how = |word: &str| text.split('@').skip(1).any(|of| of == word);
        Self { file, column, round: how("round"), ever: how("ever") }
    }

    /// How people read what is needed.
    pub fn shown(text: &str) -> String {
        let names = text.split('|').map(|one| one.split('@').next().unwrap_or_default());
        names.collect::<Vec<_>>().join("|")
    }

    /// Whether a need, with its alternatives, fills the denominator.
    pub fn fills_denominator(text: &str) -> bool {
        text.split('|').any(|one| one.split('@').any(|word| word == "denominator"))
    }
}

/// Words that may stand behind a file that is needed.
const WORDS: [&str; 3] = ["round", "ever", "denominator"];

/// The word behind a file that means nothing, if there is one.
pub(super) fn unknown_word(needs: &[String]) -> Option<&str> {
    let each = needs.iter().flat_map(|need| need.split('|'));
    each.flat_map(|one| one.split('@').skip(1)).find(|word| !WORDS.contains(word))
}
