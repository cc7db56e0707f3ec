//! Points after one more archive. The points of each unit are cached; they are
//! counted again only when the unit's rows change, or something outside the unit
//! that they depend on.
//!
//! What a unit scores is a function of its own rows (known by their
//! [`ChangeTokens`]), of its type, of the rulebook, of when submissions were sent (which
//! never changes) and forwarded, and of two facts shared by all units: who is in
//! the population, and who is known, from any unit, to have died. A digest of
//! these facts is made for each unit over its own persons, or over all persons if
//! a row asked for a citizen ID that the unit's PERSON does not give. All of
//! PERSON is therefore read each time; rows of visits and care are not.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::points::{Points, Scorer, UnitPart, UnitParts, points};
use super::{AsOf, Rulebook};
use crate::catalog::Catalog;
use crate::files::digest;
use crate::registry::population;
use crate::store::{ChangeTokens, PartialResults, Reader, Result, RowFilter, Tables};
use crate::units::Units;

/// Where points are cached.
#[derive(Clone, Copy)]
pub struct CacheHandle<'a> {
    /// The cache file.
    pub kept: &'a PartialResults,
    /// The kinds of record.
    pub catalog: &'a Catalog,
}

/// The cache entry of a round.
#[derive(Default, Serialize, Deserialize)]
struct CachedRound {
    /// Token of the whole state; equal when nothing has changed.
    whole: String,
    /// By unit: its fingerprint, and what its rows come to.
    parts: BTreeMap<String, (String, UnitPart)>,
}

/// Largest share of units, in percent, that is counted again by itself (and at
/// least this many units). If more units have changed, all are counted.
const PART_PERCENT: usize = 30;
const FEW_UNITS: usize = 5;

/// Scores a round as [`points`] does, using cached points where they still hold.
///
/// # Errors
/// Fails if the store fails. A failure of the cache is not an error.
pub fn cached_points(
    reader: &Reader,
    book: &Rulebook,
    units: &Units,
    as_of: AsOf,
    keeping: Option<CacheHandle<'_>>,
) -> Result<Points> {
    // What is cached is of the present state.
    let keeping = keeping.filter(|_| reader.is_held());
    if let Some(keeping) = keeping
        && as_of.submission == reader.last_submission()?
        && let Some(tokens) = reader.change_tokens()?
    {
        return Counting { reader, book, units, keeping, tokens }.points(as_of);
    }
    points(reader, book, units, as_of)
}

struct Counting<'a> {
    reader: &'a Reader,
    book: &'a Rulebook,
    units: &'a Units,
    keeping: CacheHandle<'a>,
    tokens: ChangeTokens,
}

impl Counting<'_> {
    fn points(&self, as_of: AsOf) -> Result<Points> {
        let (name, of) =
            (format!("points {} {}", self.book.round, self.book.sha256), self.fingerprint());
        let kept = self.keeping.kept.get(&name, &of);
        let shelved = kept.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let shelved: CachedRound = shelved.unwrap_or_default();
        let whole = self.whole();
        if shelved.whole == whole {
            let parts = shelved.parts.into_iter().map(|(unit, (_, part))| (unit, part)).collect();
            return Ok(Points::of_parts(self.book, as_of, population(self.reader)?, &parts));
        }
        let mut scorer = Scorer::new(self.reader, self.book, self.units, as_of.submission)?;
        let parts = self.count(&mut scorer, shelved)?;
        let plain: UnitParts =
            parts.iter().map(|(unit, (_, part))| (unit.clone(), part.clone())).collect();
        if let Ok(bytes) = serde_json::to_vec(&CachedRound { whole, parts }) {
            self.keeping.kept.put(&name, &of, &bytes);
        }
        Ok(Points::of_parts(self.book, as_of, scorer.population, &plain))
    }

    /// What all of it rests on.
    fn fingerprint(&self) -> String {
        let forwarded = self.tokens.token_of_store("forwarded");
        digest(&[self.tokens.schema_token().as_str(), &self.book.sha256, forwarded])
    }

    /// The whole state: marks of all units, and what they rest on.
    fn whole(&self) -> String {
        let mut all = vec![self.tokens.token_of_store("registry").to_owned()];
        all.extend(self.tokens.units().map(|unit| self.tokens.token_of_unit(unit, None)));
        all.extend(self.units.by_code.values().map(|unit| format!("{} {}", unit.hcode, unit.kind)));
        digest(&all.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Takes what still holds and counts the rest.
    fn count(
        &self,
        scorer: &mut Scorer<'_>,
        mut shelved: CachedRound,
    ) -> Result<BTreeMap<String, (String, UnitPart)>> {
        let beyond = Beyond::new(scorer);
        let mut known: BTreeSet<String> = self.tokens.units().map(str::to_owned).collect();
        known.extend(scorer.codes.all().iter().cloned());
        known.extend(shelved.parts.keys().cloned());
        let holds = |unit: &String| {
            let part = shelved.parts.get(unit);
            part.is_some_and(|(of, part)| *of == self.part_fingerprint(scorer, &beyond, unit, part))
        };
        let changed: Vec<String> = known.iter().filter(|unit| !holds(unit)).cloned().collect();
        log::debug!("score: {} units of {} to count", changed.len(), known.len());
        let first = shelved.whole.is_empty();
        let all = first || changed.len() > FEW_UNITS.max(known.len() * PART_PERCENT / 100);
        let mut counted = if all {
            shelved.parts.clear();
            let counted = scorer.parts(self.reader)?;
            known.extend(counted.keys().cloned());
            counted
        } else {
            self.count_units(scorer, &changed)?
        };
        let renewed = if all { known.into_iter().collect() } else { changed };
        for unit in renewed {
            let part = counted.remove(&unit).unwrap_or_default();
            let of = self.part_fingerprint(scorer, &beyond, &unit, &part);
            shelved.parts.insert(unit, (of, part));
        }
        Ok(shelved.parts)
    }

    fn count_units(&self, scorer: &mut Scorer<'_>, units: &[String]) -> Result<UnitParts> {
        if units.is_empty() {
            return Ok(UnitParts::new());
        }
        let tables = Tables::new(self.keeping.catalog);
        let lens = RowFilter { whole: units, partly: &[], persons: &[], known: NOBODY };
        self.reader.set_row_filter(&tables, &lens)?;
        // Where that is stopped, the snapshot is lost and the row filter with it.
        let counted = scorer.parts(self.reader)?;
        self.reader.clear_row_filter(&tables)?;
        Ok(counted)
    }

    /// What a unit's part is of.
    fn part_fingerprint(
        &self,
        scorer: &Scorer<'_>,
        beyond: &Beyond,
        unit: &str,
        part: &UnitPart,
    ) -> String {
        let tokens = self.tokens.token_of_unit(unit, None);
        let persons = beyond.by_unit.get(unit).map_or("", String::as_str);
        let everybody = if part.outside { beyond.everybody.as_str() } else { "" };
        digest(&[&tokens, persons, everybody, scorer.beyond(unit)])
    }
}

/// A query without persons, for a row filter over whole units.
const NOBODY: &str = "SELECT NULL AS hcode, NULL AS pid, NULL AS person WHERE 0";

/// Inputs to units' points other than their own rows.
struct Beyond {
    by_unit: BTreeMap<String, String>,
    everybody: String,
}

impl Beyond {
    fn new(scorer: &Scorer<'_>) -> Self {
        let everybody = digest(&[&scorer.members.digest(), &scorer.persons.deaths()]);
        Self { by_unit: scorer.persons.beyond(&scorer.codes), everybody }
    }
}
