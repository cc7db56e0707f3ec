//! A KPI after one more archive: what is kept of an earlier count is taken as
//! far as it still holds, and only the rest is counted, with a lens before the
//! store ([`Lens`]) through which the same query sees that rest alone.
//!
//! A query says in its head whether it can be counted in parts. What it says of
//! a unit then holds as long as the unit's rows have the same marks; what it
//! says of a class of persons ([`super::classes`]), as long as the same persons
//! are in it and the rows of its units have the same marks. So the sum of the
//! parts is what all rows come to, whatever was counted when.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::KpiError;
use super::aggregate::{Counted, NO_CLASS, Persons, RowSums};
use super::cohorts::{Classes, KNOWN};
use super::definition::{Counts, Definition};
use super::period::Days;
use super::query::Query;
use super::session::Session;
use crate::files::digest;
use crate::store::{Kept, Lens, Marks, Result};
use crate::version;

/// So many persons (or units) of a hundred, and so many in any case, may be of
/// parts that no longer hold: of more all are counted.
const PART_PERCENT: usize = 30;
const FEW_UNITS: usize = 5;
const FEW_PERSONS: usize = 2_000;

/// What a session knows of parts.
#[derive(Default)]
pub(super) struct Part<'a> {
    kept: Option<&'a Kept>,
    marks: Rc<Marks>,
    classes: Option<Rc<Classes>>,
    lens: Option<Stale>,
    /// Blocks that were made of what is seen.
    pub(super) blocks: BTreeSet<String>,
}

/// Parts that do not hold.
#[derive(Debug, Clone, Default)]
struct Stale {
    units: BTreeSet<String>,
    classes: BTreeSet<u32>,
}

/// What is kept of a KPI and a period.
#[derive(Default, Serialize, Deserialize)]
struct Shelved {
    /// Everything there was, when nothing at all has changed.
    whole: String,
    /// By unit: what they are of, and sums.
    units: BTreeMap<String, (String, Vec<RowSums>)>,
    /// By class: what it is of, and persons.
    classes: BTreeMap<String, (String, Persons)>,
}

/// What a count is about.
struct Asked<'q> {
    definition: &'q Definition,
    query: &'q Query,
    days: &'q Days,
    /// Kinds of record that it may read.
    records: BTreeSet<String>,
    name: String,
    of: String,
}

impl<'a> Session<'a> {
    /// Lets it take what is kept of earlier counts, and keep its own.
    #[must_use]
    pub fn keeping(mut self, kept: &'a Kept) -> Self {
        match self.reader.marks() {
            Ok(Some(marks)) => {
                self.part.marks = Rc::new(marks);
                self.part.kept = Some(kept);
            }
            Ok(None) => {}
            Err(error) => log::warn!("all is counted anew: {error}"),
        }
        self
    }

    /// Counts a query over all rows.
    pub(super) fn counted(
        &mut self,
        definition: &Definition,
        query: &Query,
        days: &Days,
    ) -> std::result::Result<Counted, KpiError> {
        let kept = self.part.kept.filter(|_| definition.counts_in_parts());
        let trouble = |cause| KpiError::of(&definition.id, cause);
        let Some(kept) = kept else {
            self.look_at_all().map_err(trouble)?;
            return self.stream(definition, query, days, &|_| 0);
        };
        let asked = self.asked(definition, query, days).map_err(trouble)?;
        let found = kept.get(&asked.name, &asked.of);
        let shelved = found.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let shelved: Shelved = shelved.unwrap_or_default();
        let whole = self.whole(&asked);
        if shelved.whole == whole {
            return Ok(shelved.counted());
        }
        let stale = self.stale(&asked, &shelved).map_err(trouble)?;
        let (shelved, sound) = self.count_stale(&asked, shelved, &stale)?;
        let shelved = Shelved { whole, ..shelved };
        if sound && let Ok(bytes) = serde_json::to_vec(&shelved) {
            kept.put(&asked.name, &asked.of, &bytes);
        }
        Ok(shelved.counted())
    }

    fn asked<'q>(
        &mut self,
        definition: &'q Definition,
        query: &'q Query,
        days: &'q Days,
    ) -> Result<Asked<'q>> {
        let values = self.values(definition, days)?;
        let named = query.all_parameters();
        let values = values.into_iter().filter(|(name, _)| named.contains(name));
        let words = query.all_words();
        let reads = |name: &str| words.contains(name) || words.contains(&format!("T_{name}"));
        let records = self.world.catalog.records.iter().map(|record| &record.name);
        let registry = if words.contains("REGISTRY_PERSON") { "registry" } else { "" };
        let of = digest(&[
            self.part.marks.of_store(registry),
            version::OF_CODE.as_str(),
            &self.part.marks.ground(),
            &definition.version,
            &format!("{days:?} {:?}", values.collect::<Vec<_>>()),
            &format!("{:?}", self.filled(query, days)),
        ]);
        let name = format!("kpi {} {} {}", definition.id, days.start, days.end);
        let records = records.filter(|name| reads(name)).cloned().collect();
        Ok(Asked { definition, query, days, records, name, of })
    }

    fn classes(&mut self) -> Result<Rc<Classes>> {
        if self.part.classes.is_none() {
            self.look_at_all()?;
            let begun = std::time::Instant::now();
            self.part.classes = Some(Rc::new(Classes::read(self.reader)?));
            log::debug!("classes of persons: {} ms", begun.elapsed().as_millis());
        }
        Ok(self.part.classes.clone().unwrap_or_default())
    }

    /// The whole state as far as a query may read it. Who is in which class
    /// follows from it: KNOWN reads PERSON, and so does whatever counts persons.
    fn whole(&self, asked: &Asked<'_>) -> String {
        let marks = &self.part.marks;
        let all = marks.units().map(|unit| marks.of_unit(unit, None));
        let records = format!("{:?}", asked.records);
        digest(&[&records, &all.collect::<Vec<_>>().join("/")])
    }

    /// The parts that do not hold any more, or never were counted.
    fn stale(&mut self, asked: &Asked<'_>, shelved: &Shelved) -> Result<Stale> {
        let mut stale = Stale::default();
        let marks = Rc::clone(&self.part.marks);
        if asked.query.alone_by_unit {
            let listed = self.world.units.by_code.keys().map(String::as_str);
            let known = marks.units().chain(listed).chain(shelved.units.keys().map(String::as_str));
            for unit in known.collect::<BTreeSet<_>>() {
                let of = shelved.units.get(unit).map(|(of, _)| of);
                if of != Some(&of_unit(&marks, asked, unit)) {
                    stale.units.insert(unit.to_owned());
                }
            }
        }
        if asked.query.alone_by_person && asked.definition.counts == Counts::Persons {
            let classes = self.classes()?;
            for at in 0..classes.list.len() {
                let of = shelved.classes.get(&classes.list[at].name()).map(|(of, _)| of);
                if of != Some(&of_class(&marks, asked, &classes, at)) {
                    stale.classes.insert(at as u32);
                }
            }
        }
        Ok(stale)
    }

    /// Counts the parts that do not hold and puts them in their places; says
    /// whether every row was of a part.
    fn count_stale(
        &mut self,
        asked: &Asked<'_>,
        mut shelved: Shelved,
        stale: &Stale,
    ) -> std::result::Result<(Shelved, bool), KpiError> {
        let trouble = |cause| KpiError::of(&asked.definition.id, cause);
        let marks = Rc::clone(&self.part.marks);
        let by_person = asked.query.alone_by_person && asked.definition.counts == Counts::Persons;
        let classes = if by_person { self.classes().map_err(trouble)? } else { Rc::default() };
        let class_of = |person| classes.of(person);
        let first = shelved.whole.is_empty();
        let some = !first && self.look_at(asked, stale, &classes).map_err(trouble)?;
        if !some {
            self.look_at_all().map_err(trouble)?;
        }
        let mut counted = self.stream(asked.definition, asked.query, asked.days, &class_of)?;
        if !asked.sound(&counted) {
            // Rows of whom nobody knows, or of no person: no query for parts.
            if some {
                self.look_at_all().map_err(trouble)?;
                counted = self.stream(asked.definition, asked.query, asked.days, &class_of)?;
            }
            return Ok((Shelved::all_of(counted), false));
        }
        if !some {
            shelved = Shelved::default();
        }
        let every: BTreeSet<u32> = (0..classes.list.len() as u32).collect();
        for at in if some { &stale.classes } else { &every } {
            let of = of_class(&marks, asked, &classes, *at as usize);
            let persons = counted.classes.remove(at).unwrap_or_default();
            shelved.classes.insert(classes.list[*at as usize].name(), (of, persons));
        }
        let mut units = stale.units.clone();
        if !some {
            units.extend(counted.units.keys().cloned());
        }
        for unit in units {
            let of = of_unit(&marks, asked, &unit);
            let sums = counted.units.remove(&unit).unwrap_or_default();
            shelved.units.insert(unit, (of, sums));
        }
        // Classes that nobody is in any more are gone.
        let there: BTreeSet<String> =
            classes.list.iter().map(super::cohorts::Class::name).collect();
        shelved.classes.retain(|name, _| there.contains(name));
        Ok((shelved, true))
    }

    /// Looks at a part of the store, or at all of it when the part is large;
    /// says whether it is a part.
    fn look_at(&mut self, asked: &Asked<'_>, stale: &Stale, classes: &Classes) -> Result<bool> {
        let persons: Vec<u32> = stale.classes.iter().copied().collect();
        let persons = classes.members(&persons).len();
        let units = self.part.marks.units().count().max(self.world.units.by_code.len());
        if persons > FEW_PERSONS.max(classes.persons() * PART_PERCENT / 100)
            || stale.units.len() > FEW_UNITS.max(units * PART_PERCENT / 100)
        {
            return Ok(false);
        }
        let values = self.values(asked.definition, asked.days)?;
        self.whole_blocks(asked.query, asked.days, &values)?;
        let seen = self.part.lens.as_ref();
        let enough = seen.is_some_and(|seen| {
            stale.units.is_subset(&seen.units) && stale.classes.is_subset(&seen.classes)
        });
        if enough {
            return Ok(true);
        }
        let mut all = self.part.lens.clone().unwrap_or_default();
        all.units.extend(stale.units.iter().cloned());
        all.classes.extend(&stale.classes);
        self.look_at_all()?;
        self.drop_blocks()?;
        self.put_lens(all)?;
        Ok(true)
    }

    fn put_lens(&mut self, part: Stale) -> Result<()> {
        let begun = std::time::Instant::now();
        let tables = self.tables();
        let wanted: Vec<u32> = part.classes.iter().copied().collect();
        let (persons, partly) = match &self.part.classes {
            Some(classes) => {
                let units = wanted.iter().flat_map(|at| &classes.list[*at as usize].units);
                (classes.members(&wanted), units.cloned().collect::<BTreeSet<_>>())
            }
            None => (Vec::new(), BTreeSet::new()),
        };
        let whole: Vec<String> = part.units.iter().cloned().collect();
        let partly: Vec<String> = partly.into_iter().collect();
        let lens = Lens { whole: &whole, partly: &partly, persons: &persons, known: KNOWN };
        self.reader.put_lens(&tables, &lens)?;
        log::debug!(
            "a lens over {} units and {} persons at {}: {} ms",
            whole.len(),
            persons.len(),
            partly.len(),
            begun.elapsed().as_millis()
        );
        self.part.lens = Some(part);
        Ok(())
    }

    /// Looks at the whole store.
    pub(super) fn look_at_all(&mut self) -> Result<()> {
        if self.part.lens.is_some() {
            self.drop_blocks()?;
            self.reader.take_lens(&self.tables())?;
            self.part.lens = None;
        }
        Ok(())
    }
}

impl Asked<'_> {
    /// Whether every row that was counted is of a part.
    fn sound(&self, counted: &Counted) -> bool {
        !counted.strays && (self.query.alone_by_unit || counted.units.is_empty())
    }
}

fn of_unit(marks: &Marks, asked: &Asked<'_>, unit: &str) -> String {
    digest(&[&marks.of_unit(unit, Some(&asked.records))])
}

fn of_class(marks: &Marks, asked: &Asked<'_>, classes: &Classes, at: usize) -> String {
    let class = &classes.list[at];
    let marks = class.units.iter().map(|unit| marks.of_unit(unit, Some(&asked.records)));
    digest(&[&class.members, &marks.collect::<Vec<_>>().join("/")])
}

impl Shelved {
    /// What was counted in one, as one part.
    fn all_of(counted: Counted) -> Self {
        let persons = counted.classes.into_values().flatten().collect();
        let units = counted.units.into_iter();
        Self {
            whole: String::new(),
            units: units.map(|(unit, sums)| (unit, (String::new(), sums))).collect(),
            classes: [(String::new(), (String::new(), persons))].into(),
        }
    }

    /// The sum of its parts.
    fn counted(self) -> Counted {
        let persons = self.classes.into_values().flat_map(|(_, persons)| persons).collect();
        Counted {
            units: self.units.into_iter().map(|(unit, (_, sums))| (unit, sums)).collect(),
            classes: [(NO_CLASS, persons)].into(),
            strays: false,
        }
    }
}
