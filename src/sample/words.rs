//! The word lists and small clinical facts under `data/`: names, places,
//! diseases with their season, drugs with prices, vaccines with their age.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A drug of the province's list.
#[derive(Debug, Clone, Deserialize)]
pub struct Drug {
    /// Short name by which diseases ask for it.
    pub key: String,
    /// 24-digit code, made up.
    pub code: String,
    /// Name, strength and form.
    pub name: String,
    /// Unit code of three digits.
    pub unit: String,
    /// Unit in Thai, as the 21 files write it.
    pub unit_th: String,
    /// Packing.
    pub packing: String,
    /// Sale price per unit, in baht.
    pub price: f64,
    /// Cost per unit, in baht.
    pub cost: f64,
    /// Least amount dispensed.
    pub least: i64,
    /// Largest amount dispensed.
    pub most: i64,
}

/// An illness that brings people to a unit.
#[derive(Debug, Clone, Deserialize)]
pub struct Disease {
    /// ICD-10-TM without the dot.
    pub code: String,
    /// How common it is.
    pub weight: u64,
    /// Youngest age, in years.
    pub from_age: i64,
    /// Oldest age, in years.
    pub to_age: i64,
    /// Twelve digits: how common in each month.
    pub season: String,
    /// Drugs usually given, by key.
    pub drugs: String,
    /// Chief complaint.
    pub complaint: String,
    /// Code of the surveillance form 506, when it must be reported.
    pub code506: String,
}

/// An injury with its external cause.
#[derive(Debug, Clone, Deserialize)]
pub struct Injury {
    /// ICD-10-TM of the injury.
    pub code: String,
    /// How common it is.
    pub weight: u64,
    /// ICD-10-TM of the external cause.
    pub cause: String,
    /// Group of cause of the ACCIDENT file.
    pub group: String,
    /// Vehicle of the ACCIDENT file, if any.
    pub vehicle: String,
    /// Chief complaint.
    pub complaint: String,
}

/// A cause of death.
#[derive(Debug, Clone, Deserialize)]
pub struct Cause {
    /// ICD-10-TM.
    pub code: String,
    /// How common it is.
    pub weight: u64,
    /// Youngest age, in years.
    pub from_age: i64,
    /// Oldest age, in years.
    pub to_age: i64,
}

/// A procedure with its price.
#[derive(Debug, Clone, Deserialize)]
pub struct Procedure {
    /// What it is done for: `dental`, `massage`, `wound`, …
    pub kind: String,
    /// ICD-9-CM or ICD-10-TM procedure code.
    pub code: String,
    /// Price in baht.
    pub price: f64,
}

/// A dose of the vaccination schedule.
#[derive(Debug, Clone, Deserialize)]
pub struct Vaccine {
    /// Code of the list `vaccinetype`.
    pub code: String,
    /// Age by the plan, in months.
    pub age_months: u32,
    /// Longest delay that families take, in days.
    pub spread_days: i64,
}

#[derive(Debug, Deserialize)]
struct Word {
    kind: String,
    word: String,
}

/// All lists.
#[derive(Debug)]
pub struct WordLists {
    /// Male first names.
    pub male: Vec<String>,
    /// Female first names.
    pub female: Vec<String>,
    /// Family names.
    pub last: Vec<String>,
    /// Village names.
    pub villages: Vec<String>,
    /// District names.
    pub districts: Vec<String>,
    /// Drugs.
    pub drugs: Vec<Drug>,
    /// Illnesses.
    pub diseases: Vec<Disease>,
    /// Injuries.
    pub injuries: Vec<Injury>,
    /// Causes of death.
    pub causes: Vec<Cause>,
    /// Procedures.
    pub procedures: Vec<Procedure>,
    /// Vaccination schedule.
    pub vaccines: Vec<Vaccine>,
}

fn list<T: DeserializeOwned>(name: &str, text: &str) -> Result<Vec<T>> {
    csv::Reader::from_reader(text.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .with_context(|| format!("word list {name}"))
}

fn of_kind(words: &[Word], kind: &str) -> Vec<String> {
    words.iter().filter(|word| word.kind == kind).map(|word| word.word.clone()).collect()
}

impl WordLists {
    /// Reads the lists that are built in.
    pub fn load() -> Result<Self> {
        let names: Vec<Word> = list("names", include_str!("data/names.csv"))?;
        let places: Vec<Word> = list("places", include_str!("data/places.csv"))?;
        Ok(Self {
            male: of_kind(&names, "m"),
            female: of_kind(&names, "f"),
            last: of_kind(&names, "l"),
            villages: of_kind(&places, "village"),
            districts: of_kind(&places, "district"),
            drugs: list("drugs", include_str!("data/drugs.csv"))?,
            diseases: list("diseases", include_str!("data/diseases.csv"))?,
            injuries: list("injuries", include_str!("data/injuries.csv"))?,
            causes: list("deaths", include_str!("data/deaths.csv"))?,
            procedures: list("procedures", include_str!("data/procedures.csv"))?,
            vaccines: list("vaccines", include_str!("data/vaccines.csv"))?,
        })
    }

    /// Position of a drug by its key; the first drug when there is none.
    pub fn drug(&self, key: &str) -> usize {
        self.drugs.iter().position(|drug| drug.key == key).unwrap_or(0)
    }

    /// The procedures of a kind.
    pub fn procedures_for(&self, kind: &str) -> Vec<&Procedure> {
        self.procedures.iter().filter(|procedure| procedure.kind == kind).collect()
    }
}
