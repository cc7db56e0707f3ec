//! The province: its units in CUPs and networks, and when they send.
//!
//! Everything here follows from the arguments alone, so that any unit can be
//! worked out without the others.

use anyhow::{Result, ensure};
use chrono::{Datelike, Days, Months, NaiveDate, NaiveDateTime};

use super::args::SampleArgs;
use super::rng::{Rng, hash};
use super::words::WordLists;
use crate::archive::Standard;

/// Streams of the generator, so that no two topics share random numbers.
pub mod stream {
    /// Families.
    pub const PEOPLE: u64 = 1;
    /// What happens in a month.
    pub const MONTH: u64 = 2;
    /// When archives are sent.
    pub const SENT: u64 = 3;
    /// Forms of archives.
    pub const STYLE: u64 = 4;
    /// Vaccination delays.
    pub const DOSE: u64 = 5;
    /// Who is known at the main hospital too.
    pub const GUEST: u64 = 6;
    /// Referrals.
    pub const REFER: u64 = 7;
    /// Screening months.
    pub const SCREEN: u64 = 8;
    /// Row defects.
    pub const DEFECT: u64 = 9;
    /// Registers of a unit.
    pub const REGISTER: u64 = 10;
}

/// Civil registry code of the made-up province.
pub const PROVINCE: u32 = 35;

/// A health unit.
#[derive(Debug, Clone)]
pub struct SampleUnit {
    /// HCODE.
    pub hcode: String,
    /// Its name in Thai.
    pub name: String,
    /// Type as chospital's `hostype`.
    pub kind: &'static str,
    /// Service level.
    pub level: &'static str,
    /// Position of its main contracting unit.
    pub cup: usize,
    /// Position of the A-level hospital of its network.
    pub network: usize,
    /// District code, two digits.
    pub amphoe: u32,
    /// Sub-district code, two digits.
    pub tambon: u32,
    /// Residents on its registers.
    pub people: u64,
    /// Running number of its first resident in the province.
    pub first: u64,
    /// Position of the unit that sends its data.
    pub sender: usize,
}

impl SampleUnit {
    /// Whether it has beds.
    pub fn hospital(&self) -> bool {
        self.level != "P"
    }
}

/// A month of service.
#[derive(Debug, Clone, Copy)]
pub struct Month {
    /// Position from the first month.
    pub index: usize,
    /// Its first day.
    pub first: NaiveDate,
    /// Its last day.
    pub last: NaiveDate,
}

impl Month {
    /// Whether a day lies in it.
    pub fn has(&self, day: NaiveDate) -> bool {
        self.first <= day && day <= self.last
    }

    /// January is 0.
    pub fn of_year(&self) -> usize {
        self.first.month0() as usize
    }
}

/// The province.
#[derive(Debug)]
pub struct SampleProvince {
    /// Seed of every random stream.
    pub seed: u64,
    /// Standard of the archives.
    pub standard: Standard,
    /// Its units; main units come before their sub-units.
    pub units: Vec<SampleUnit>,
    /// The months of service.
    pub months: Vec<Month>,
    /// Word lists.
    pub words: WordLists,
    /// Residents of all units.
    pub people: u64,
    /// Whether bad rows and archives are wanted.
    pub defects: bool,
}

const MAIN_LEVELS: [&str; 12] =
    ["A", "F2", "M2", "F1", "S", "F3", "M1", "F2", "F1", "F3", "F2", "M2"];

impl SampleProvince {
    /// Lays the province out.
    pub fn new(args: &SampleArgs, words: WordLists) -> Result<Self> {
        ensure!((1..=900).contains(&args.units), "units: from 1 to 900");
        ensure!((1..=240).contains(&args.months), "months: from 1 to 240");
        ensure!(args.persons >= args.units, "persons: at least one a unit");
        ensure!(args.persons <= 4_000_000, "persons: at most 4,000,000");
        ensure!((0.0..=0.5).contains(&args.defects), "defects: from 0 to 0.5");
        let units = units(args.units as usize, u64::from(args.persons), &words);
        let start = args.start.with_day(1).unwrap_or(args.start);
        let months = (0..args.months)
            .filter_map(|index| {
                let first = start.checked_add_months(Months::new(index))?;
                let last = first.checked_add_months(Months::new(1))?.pred_opt()?;
                Some(Month { index: index as usize, first, last })
            })
            .collect();
        Ok(Self {
            seed: args.seed,
            standard: args.standard.unwrap_or(Standard::F43),
            units,
            months,
            words,
            people: u64::from(args.persons),
            defects: args.defects > 0.0,
        })
    }

    /// First day of service.
    pub fn start(&self) -> NaiveDate {
        self.months[0].first
    }

    /// Last day of service.
    pub fn end(&self) -> NaiveDate {
        self.months[self.months.len() - 1].last
    }

    /// The times at which a unit sends its months, in order. With defects some
    /// are weeks late; later months then wait for the late one.
    pub fn sending_times(&self, sender: usize) -> Vec<NaiveDateTime> {
        let mut times: Vec<NaiveDateTime> = Vec::new();
        for month in &self.months {
            let mut rng = Rng::new(&[self.seed, stream::SENT, sender as u64, month.index as u64]);
            let mut days = rng.range(3, 20);
            let late = rng.chance(0.06);
            if late && self.defects {
                days += rng.range(30, 75);
            }
            let clock = (rng.range(8, 17), rng.range(0, 59), rng.range(0, 59));
            let day = month.last.checked_add_days(Days::new(days as u64)).unwrap_or(month.last);
            let mut time = day
                .and_hms_opt(clock.0 as u32, clock.1 as u32, clock.2 as u32)
                .expect("the clock was drawn within a day");
            if let Some(before) = times.last()
                && time <= *before
            {
                time = *before + chrono::Duration::minutes(rng.range(5, 90));
            }
            times.push(time);
        }
        times
    }

    /// The units whose rows a unit sends: its own first, then those of the
    /// sub-units that it sends for; none when another unit sends for it.
    pub fn sent_by(&self, sender: usize) -> Vec<usize> {
        let mut units: Vec<usize> =
            (0..self.units.len()).filter(|at| self.units[*at].sender == sender).collect();
        units.sort_by_key(|at| (*at != sender, *at));
        units
    }

    /// Whether a resident of a sub-unit is registered at its main unit too,
    /// and since when.
    pub fn guest_since(&self, cid: &str) -> Option<NaiveDate> {
        let number = cid.parse::<u64>().ok()?;
        let drawn = hash(&[self.seed, stream::GUEST, number]);
        let days = (self.end() - self.start()).num_days() as u64;
        (drawn % 100 < 7).then(|| self.start() + Days::new(drawn / 100 % days.max(1)))
    }

    /// The day on which a guest is sent from the sub-unit to the main unit in
    /// a month, if so. Both units ask this, and so agree.
    pub fn referral(&self, cid: &str, month: &Month) -> Option<NaiveDate> {
        let number = cid.parse::<u64>().ok()?;
        let drawn = hash(&[self.seed, stream::REFER, number, month.index as u64]);
        (drawn % 1000 < 60).then(|| month.first + Days::new(drawn / 1000 % 26))
    }
}

fn units(count: usize, persons: u64, words: &WordLists) -> Vec<SampleUnit> {
    let mains = count.div_ceil(8);
    let mut units = Vec::with_capacity(count);
    let mut network = 0;
    for at in 0..count {
        let main = at < mains;
        let cup = if main { at } else { (at - mains) % mains };
        let level = match (main, at % 25) {
            (false, _) => "P",
            (true, 0) => "A",
            (true, n) => MAIN_LEVELS[1 + (n - 1) % 11],
        };
        if level == "A" {
            network = at;
        }
        let nth = (at - if main { at } else { mains }) / mains + 1;
        units.push(unit(at, main, cup, level, network, nth, words));
    }
    for at in mains..count {
        units[at].network = units[units[at].cup].network;
    }
    let weights: u64 = units.iter().map(|unit| 1 + u64::from(unit.hospital())).sum();
    let mut first = 0;
    let mut weight_before = 0;
    for unit in &mut units {
        weight_before += 1 + u64::from(unit.hospital());
        let next = persons * weight_before / weights;
        unit.first = first;
        unit.people = next - first;
        first = next;
    }
    units
}

fn unit(
    at: usize,
    main: bool,
    cup: usize,
    level: &'static str,
    network: usize,
    nth: usize,
    words: &WordLists,
) -> SampleUnit {
    let kind = match level {
        "A" => "05",
        "S" | "M1" => "06",
        "P" => "18",
        _ => "07",
    };
    let district = &words.districts[cup % words.districts.len()];
    let name = match kind {
        "05" => format!("โรงพยาบาลศูนย์{district}"),
        "18" => {
            format!("รพ.สต.บ้าน{}", words.villages[(at * 7 + cup) % words.villages.len()])
        }
        _ => format!("โรงพยาบาล{district}"),
    };
    // Main units have the five-digit codes of hospitals, sub-units those with
    // a leading zero that spreadsheets like to lose.
    let hcode =
        if main { format!("{}", 10_651 + at * 3) } else { format!("{:05}", 3_407 + at * 4) };
    // A few main units send for one of their sub-units.
    let sender = if !main && nth == 3 && cup % 3 == 1 { cup } else { at };
    SampleUnit {
        hcode,
        name,
        kind,
        level,
        cup,
        network,
        amphoe: (cup % 90) as u32 + 1,
        tambon: (nth % 90) as u32 + 1,
        people: 0,
        first: 0,
        sender,
    }
}
