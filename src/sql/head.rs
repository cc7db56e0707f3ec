//! The text of a query: its head lines, the parameters and words in it.

use std::collections::BTreeSet;

/// The head lines of an SQL text, `-- NAME: ITEM, ITEM`: name and items. Other
/// comments may look alike; whoever asks knows the names.
pub fn head_lines(text: &str) -> impl Iterator<Item = (&str, Vec<String>)> {
    text.lines().filter_map(|line| {
        let (name, list) = line.strip_prefix("-- ")?.split_once(':')?;
        Some((name, list.split(',').map(|item| item.trim().to_owned()).collect()))
    })
}

/// The names of the parameters in an SQL text, with their colon, in order and
/// once each. Comments and quoted texts have none.
pub fn parameters(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.split("--").next().unwrap_or("");
        // Every other part stands in quotes.
        for part in line.split('\'').step_by(2) {
            for name in part.split(':').skip(1) {
                let word = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
                let name: String = name.chars().take_while(word).collect();
                let name = format!(":{name}");
                if name.len() > 1 && !found.contains(&name) {
                    found.push(name);
                }
            }
        }
    }
    found
}

/// Every word of an SQL text, as written.
pub fn words(text: &str) -> BTreeSet<&str> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.split(|c| !word(c)).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_stand_outside_of_quotes_and_comments() {
        let text = "-- :no\nSELECT ':no', :from + :to -- :no\nWHERE x = :from";
        assert_eq!(parameters(text), [":from", ":to"]);
    }

    #[test]
    fn head_lines_have_a_name_and_items() {
        let text = "-- use: person, dose\n-- alone:unit\nSELECT 1 -- use: nothing";
        let lines: Vec<_> = head_lines(text).collect();
        let items = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        assert_eq!(lines, [("use", items(&["person", "dose"])), ("alone", items(&["unit"]))]);
    }

    #[test]
    fn words_are_names_and_numbers() {
        assert_eq!(words("a.b_1, 'c'"), BTreeSet::from(["a", "b_1", "c"]));
    }
}
