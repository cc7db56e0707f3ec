//! Families: who lives where, who is whose child, and what life has in store
//! for each of them during the months of the sample.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::citizen;
use super::province::{PROVINCE, SampleProvince, SampleUnit, stream};
use super::rng::{Rng, hash};

/// A person on the registers of one unit.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone)]
pub struct Resident {
    /// Number within the unit.
    pub pid: String,
    /// Citizen ID, or the number made up for people without one.
    pub cid: String,
    /// Whether a woman.
    pub female: bool,
    /// Day of birth.
    pub birth: NaiveDate,
    /// Position of the house; none for people from elsewhere.
    pub house: Option<usize>,
    /// Position of the first name.
    pub first: usize,
    /// Position of the family name.
    pub last: usize,
    /// Whether a Thai national.
    pub thai: bool,
    /// The made-up number fails the check digit (only with defects).
    pub bad_cid: bool,
    /// TYPEAREA.
    pub area: u8,
    /// Day of registration.
    pub since: NaiveDate,
    /// Head of the household.
    pub head: bool,
    /// Position of the father.
    pub father: Option<usize>,
    /// Position of the mother.
    pub mother: Option<usize>,
    /// Position of the spouse.
    pub couple: Option<usize>,
    /// Day of death, if within the months of the sample.
    pub death: Option<NaiveDate>,
    /// Day of the diagnosis of diabetes.
    pub diabetes: Option<NaiveDate>,
    /// Day of the diagnosis of hypertension.
    pub hypertension: Option<NaiveDate>,
    /// Insurance right, four digits.
    pub right: &'static str,
    /// Family planning method of a woman, 0 none.
    pub method: u8,
    /// Kind of disability, 0 none.
    pub disability: u8,
    /// Position of the drug to which the person is allergic.
    pub allergy: Option<usize>,
    /// Unit where the person is at home, when registered here as a guest.
    pub home: Option<usize>,
    /// A number of the person's own, for choices that must not change.
    pub own: u64,
}

impl Resident {
    /// Age in whole years on a day; 0 before birth.
    pub fn age(&self, on: NaiveDate) -> i64 {
        i64::from(on.years_since(self.birth).unwrap_or(0))
    }

    /// Whether alive and registered on a day.
    pub fn here(&self, on: NaiveDate) -> bool {
        self.since <= on && self.death.is_none_or(|death| on < death)
    }
}

/// A house.
#[derive(Debug, Clone)]
pub struct House {
    /// Number within the unit.
    pub hid: String,
    /// House number.
    pub number: String,
    /// Village number (moo), from 1.
    pub moo: u32,
    /// Position of its head.
    pub head: usize,
}

/// A pregnancy whose care falls at least partly into the sample.
#[derive(Debug, Clone)]
pub struct Pregnancy {
    /// Position of the mother.
    pub mother: usize,
    /// How many she has had with this one.
    pub gravida: u8,
    /// First day of the last menstrual period.
    pub lmp: NaiveDate,
    /// Day of delivery.
    pub delivery: NaiveDate,
    /// Days of antenatal visits.
    pub visits: Vec<NaiveDate>,
    /// Position of the child, when born within the sample.
    pub child: Option<usize>,
    /// Days of care after birth, of mother and child.
    pub after: [NaiveDate; 3],
}

/// Everybody on the registers of a unit.
#[derive(Debug, Default)]
pub struct People {
    /// Persons: residents, then newborns, then guests.
    pub persons: Vec<Resident>,
    /// Houses.
    pub houses: Vec<House>,
    /// Pregnancies.
    pub pregnancies: Vec<Pregnancy>,
    /// Villages.
    pub villages: u32,
}

const PER_VILLAGE: u64 = 420;

/// The residents of a unit with the children born to them.
pub fn residents(province: &SampleProvince, at: usize) -> People {
    let unit = &province.units[at];
    let mut rng = Rng::new(&[province.seed, stream::PEOPLE, at as u64]);
    let mut people =
        People { villages: (unit.people / PER_VILLAGE + 1).min(30) as u32, ..People::default() };
    while (people.persons.len() as u64) < unit.people {
        family(province, unit, &mut people, &mut rng);
    }
    for index in 0..people.persons.len() {
        fate(province, unit, &mut people, index);
    }
    births(province, unit, &mut people, &mut rng);
    people
}

/// Everybody on a unit's registers: the residents and, at a main unit, some
/// of the residents of its sub-units.
pub fn people_of_unit(province: &SampleProvince, at: usize) -> People {
    let mut people = residents(province, at);
    let subs = (0..province.units.len()).filter(|sub| *sub != at && province.units[*sub].cup == at);
    for sub in subs {
        for person in residents(province, sub).persons {
            let Some(since) = province.guest_since(&person.cid) else { continue };
            if since <= person.since || person.death.is_some_and(|death| death <= since) {
                continue;
            }
            let pid = format!("{:06}", people.persons.len() + 1);
            people.persons.push(Resident {
                pid,
                since,
                house: None,
                area: 4,
                head: false,
                father: None,
                mother: None,
                couple: None,
                home: Some(sub),
                ..person
            });
        }
    }
    people
}

fn family(province: &SampleProvince, unit: &SampleUnit, people: &mut People, rng: &mut Rng) {
    let house = people.houses.len();
    let head = people.persons.len();
    let moo = rng.below(u64::from(people.villages)) as u32 + 1;
    let number = match rng.below(4) {
        0 => format!("{}/{}", rng.range(1, 220), rng.range(1, 9)),
        _ => rng.range(1, 260).to_string(),
    };
    people.houses.push(House { hid: format!("{:05}", house + 1), number, moo, head });
    let name = rng.at(province.words.last.len());
    let age = 22 + rng.below(30) as i64 + rng.below(28) as i64;
    let woman = rng.chance(0.28);
    let mut ages = vec![(age, woman)];
    let spouse = rng.chance(0.78);
    if spouse {
        ages.push(((age + rng.range(-4, 4)).max(18), !woman));
    }
    let parents = ages.len();
    let mother_age = ages.iter().find(|(_, woman)| *woman).map_or(age, |(age, _)| *age);
    for _ in 0..rng.weighted([2, 4, 5, 2].into_iter()) {
        let child = mother_age - rng.range(18, 38);
        if child >= 0 && (child < 20 || rng.chance(0.6)) {
            ages.push((child, rng.chance(0.49)));
        }
    }
    let children = ages.len();
    if age < 55 && rng.chance(0.22) {
        ages.push((age + rng.range(19, 30), rng.chance(0.6)));
    }
    for (nth, (age, female)) in ages.iter().enumerate() {
        if people.persons.len() as u64 == unit.people {
            break;
        }
        let mut person = person(province, unit, people.persons.len(), *age, *female, name, rng);
        person.house = Some(house);
        person.head = nth == 0;
        if spouse && nth < 2 {
            person.couple = Some(head + 1 - nth);
        }
        if (parents..children).contains(&nth) {
            let (first, second) = (Some(head), spouse.then_some(head + 1));
            (person.mother, person.father) = if woman { (first, second) } else { (second, first) };
        }
        people.persons.push(person);
    }
    // The last family may have been cut short by the number of residents.
    if head + 1 == people.persons.len() {
        people.persons[head].couple = None;
    }
}

fn person(
    province: &SampleProvince,
    unit: &SampleUnit,
    index: usize,
    age: i64,
    female: bool,
    last: usize,
    rng: &mut Rng,
) -> Resident {
    let start = province.start();
    let year = start.year() - age as i32;
    let birth = NaiveDate::from_ymd_opt(year, 1, 1)
        .unwrap_or(start)
        .checked_add_days(Days::new(rng.below(365)))
        .map_or(start, |day| day.min(start - Days::new(1 + rng.below(300))));
    let thai = !rng.chance(0.015);
    let bad_cid = !thai && province.defects && rng.chance(0.4);
    let serial = unit.first + index as u64;
    let cid = citizen::make(kind_digit(thai, birth, rng), PROVINCE, unit.amphoe, serial);
    let names = if female { &province.words.female } else { &province.words.male };
    Resident {
        pid: format!("{:06}", index + 1),
        cid: if bad_cid { citizen::spoil(&cid) } else { cid },
        female,
        birth,
        house: None,
        first: rng.at(names.len()),
        last,
        thai,
        bad_cid,
        area: *rng.pick(&[1, 1, 1, 1, 1, 1, 1, 3, 3, 2]),
        since: start,
        head: false,
        father: None,
        mother: None,
        couple: None,
        death: None,
        diabetes: None,
        hypertension: None,
        right: "0100",
        method: 0,
        disability: 0,
        allergy: None,
        home: None,
        own: hash(&[province.seed, stream::PEOPLE, serial]),
    }
}

/// First digit of the ID: people born from 1984 have 1, their elders 3 or 5,
/// people without Thai nationality 6, 7 or 0.
fn kind_digit(thai: bool, birth: NaiveDate, rng: &mut Rng) -> u64 {
    match (thai, birth.year() >= 1984) {
        (false, _) => *rng.pick(&[0, 6, 7]),
        (true, true) => 1,
        (true, false) => *rng.pick(&[3, 3, 3, 5]),
    }
}

/// Draws rights, illnesses and death of a resident.
fn fate(province: &SampleProvince, unit: &SampleUnit, people: &mut People, index: usize) {
    let start = province.start();
    let days = (province.end() - start).num_days() + 1;
    let spouse = people.persons[index].couple.is_some();
    let person = &mut people.persons[index];
    let mut rng = Rng::new(&[province.seed, stream::PEOPLE, unit.first + index as u64, 1]);
    let age = person.age(start);
    person.right = match (person.thai, age) {
        (false, _) => "9100",
        (true, 20..=54) => *rng.pick(&["0100", "0100", "0100", "4200", "4200", "1100"]),
        (true, _) => *rng.pick(&["0100", "0100", "0100", "0100", "0100", "0100", "1100"]),
    };
    let ill = |rng: &mut Rng, share: f64| {
        let years = rng.range(1, 12).min(age - 25).max(0);
        let day = start - Days::new((years * 365 + rng.range(0, 364)) as u64);
        // A few learn of it only during the sample.
        let news = start + Days::new(rng.below(days as u64));
        let fresh = rng.chance(0.05);
        (age >= 30 && rng.chance(share)).then_some(if fresh { news } else { day })
    };
    let older = (age - 30).max(0) as f64 / 40.0;
    person.diabetes = ill(&mut rng, 0.02 + 0.11 * older);
    person.hypertension = ill(&mut rng, 0.03 + 0.24 * older);
    if person.female && spouse && (15..=49).contains(&age) {
        person.method = *rng.pick(&[1, 1, 1, 2, 2, 2, 2, 3, 4, 5, 7, 7, 7, 0, 0]);
    }
    if rng.chance(0.012 + 0.02 * older) {
        person.disability = *rng.pick(&[1, 2, 3, 3, 3, 4, 5]);
    }
    if rng.chance(0.015) {
        let keys = ["amox", "para", "ibu", "clox", "nor"];
        person.allergy = Some(province.words.drug(keys[rng.at(keys.len())]));
    }
    let yearly = 0.000_06 * (age as f64 / 11.0).exp();
    if rng.chance((yearly * days as f64 / 365.0).min(0.9)) {
        person.death = Some(start + Days::new(rng.below(days as u64)));
    }
}

/// Plans pregnancies and adds the children born within the sample.
fn births(province: &SampleProvince, unit: &SampleUnit, people: &mut People, rng: &mut Rng) {
    let (start, end) = (province.start(), province.end());
    let days = (end - start).num_days() + 1;
    for mother in 0..people.persons.len() {
        let age = people.persons[mother].age(start);
        let married = people.persons[mother].couple.is_some();
        let yearly = match age {
            16..=19 => 0.03,
            20..=34 if married => 0.22,
            35..=40 if married => 0.05,
            _ => continue,
        };
        // Pregnancies that began up to 280 days before the start count too.
        if !people.persons[mother].female
            || !rng.chance((yearly * (days + 280) as f64 / 365.0).min(0.7))
        {
            continue;
        }
        let lmp = start + Days::new(rng.below((days + 280) as u64)) - Days::new(280);
        let delivery = lmp + Days::new(rng.range(263, 288) as u64);
        let first = if rng.chance(0.72) { rng.range(7, 11) } else { rng.range(14, 18) };
        let visits = [first, 19, 27, 33, 37]
            .into_iter()
            .map(|week| lmp + Days::new((week * 7 + rng.range(0, 6)) as u64))
            .collect();
        let after = [rng.range(3, 7), rng.range(9, 14), rng.range(20, 41)]
            .map(|day| delivery + Days::new(day as u64));
        let gravida = 1 + ((age - 18).max(0) / 6).min(3) as u8;
        people.persons[mother].death = None;
        people.persons[mother].method = 0;
        let child = (start..=end).contains(&delivery).then(|| {
            let child = newborn(province, unit, people, mother, delivery, rng);
            people.persons.push(child);
            people.persons.len() - 1
        });
        people.pregnancies.push(Pregnancy { mother, gravida, lmp, delivery, visits, child, after });
    }
}

fn newborn(
    province: &SampleProvince,
    unit: &SampleUnit,
    people: &People,
    mother: usize,
    birth: NaiveDate,
    rng: &mut Rng,
) -> Resident {
    let index = people.persons.len();
    let parent = &people.persons[mother];
    let female = rng.chance(0.487);
    let mut child = person(province, unit, index, 0, female, parent.last, rng);
    // Serial numbers of newborns follow those of all residents; a unit has
    // room for as many as a tenth of its people.
    let nth = index as u64 - unit.people;
    let serial = province.people + unit.first + nth;
    child.cid = citizen::make(1, PROVINCE, unit.amphoe, serial);
    child.own = hash(&[province.seed, stream::PEOPLE, serial]);
    child.birth = birth;
    child.since = birth;
    child.thai = true;
    child.bad_cid = false;
    child.house = parent.house;
    child.area = parent.area;
    child.mother = Some(mother);
    child.father = parent.couple;
    child
}

/// The day of a dose by the schedule, with the family's own delay.
pub fn dose_day(
    province: &SampleProvince,
    person: &Resident,
    age_months: u32,
    spread: i64,
) -> Option<NaiveDate> {
    let drawn = hash(&[province.seed, stream::DOSE, person.own, u64::from(age_months)]);
    if drawn % 100 >= 94 {
        return None;
    }
    let due = person.birth.checked_add_months(Months::new(age_months))?;
    Some(due + Days::new(drawn / 100 % (spread.max(0) as u64 + 1)))
}
