//! What somebody may have meant who spelt a name wrongly.

/// The candidate nearest in spelling, for "did you mean".
pub fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_ascii_uppercase();
    candidates
        .map(|candidate| {
            (strsim::damerau_levenshtein(&name, &candidate.to_ascii_uppercase()), candidate)
        })
        .min()
        .map(|(_, candidate)| candidate)
}
