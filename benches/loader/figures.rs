//! What was measured, and the table that says it.

use std::fmt::Write as _;

use crate::child::Done;

/// What a figure is to reach: the case, its baseline, and the least ratio of
/// their speeds.
const AIMS: [(&str, &str, f64); 4] = [
    ("fresh", "append", 0.6),
    ("again", "fresh", 1.0),
    ("into", "fresh", 0.7),
    ("check", "fresh", 0.0),
];

/// The most memory that a load may take, MiB.
const PEAK_MIB: f64 = 256.0;

/// One case in one round.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// From start to end of its process.
    pub seconds: f64,
    /// Rows in the archives.
    pub rows: u64,
    /// Rows that were stored.
    pub stored: u64,
    /// Peak memory, KiB.
    pub peak_kib: u64,
    /// Size of the database afterwards; 0 when there is none.
    pub bytes: u64,
    /// Rows in it.
    pub rows_in_store: u64,
}

impl Measured {
    /// Of a process that went through so many rows and stored none.
    pub fn of(done: &Done, rows: u64) -> Self {
        Self { seconds: done.seconds, peak_kib: done.peak_kib, rows, ..Self::default() }
    }
}

/// All cases with all their rounds.
#[derive(Debug, Default)]
pub struct Results {
    cases: Vec<(String, Vec<Measured>)>,
}

impl Results {
    /// Adds a round of a case.
    pub fn add(&mut self, case: String, measured: Measured) {
        match self.cases.iter_mut().find(|(name, _)| *name == case) {
            Some((_, rounds)) => rounds.push(measured),
            None => self.cases.push((case, vec![measured])),
        }
    }

    /// The table: medians, and ratios of the rounds by themselves, because a
    /// machine that others share may be slow for a whole round.
    pub fn table(&self) -> String {
        let mut out = String::from(
            "\n| case | rows | stored | seconds (least–most) | rows/s | against | ratio (least–most) | aim | reached \
             | peak MiB | database MB | bytes a row |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n",
        );
        for (name, rounds) in &self.cases {
            let seconds = Spread::of(rounds.iter().map(|round| round.seconds));
            let first = &rounds[0];
            let rate = first.rows as f64 / seconds.median;
            let peak = rounds.iter().map(|round| round.peak_kib).max().unwrap_or(0) as f64 / 1024.0;
            let memory = if peak <= PEAK_MIB { "" } else { " (too much)" };
            let (megabytes, each) = if first.bytes == 0 {
                (String::new(), String::new())
            } else {
                let each = first.bytes as f64 / first.rows_in_store as f64;
                (format!("{:.1}", first.bytes as f64 / 1e6), format!("{each:.0}"))
            };
            let _ = writeln!(
                out,
                "| {name} | {} | {} | {:.2} ({:.2}–{:.2}) | {rate:.0} | {} | {peak:.0}{memory} | {megabytes} | {each} |",
                first.rows,
                first.stored,
                seconds.median,
                seconds.least,
                seconds.most,
                self.ratio(name, rounds),
            );
        }
        out
    }

    /// Baseline, ratio, aim, and whether it is reached.
    fn ratio(&self, name: &str, rounds: &[Measured]) -> String {
        let nothing = " |  |  | ".to_owned();
        let Some((_, against, aim)) = AIMS.iter().find(|(case, ..)| name.starts_with(case)) else {
            return nothing;
        };
        let Some((_, base)) = self.cases.iter().find(|(case, _)| case == against) else {
            return nothing;
        };
        let ratio =
            Spread::of(base.iter().zip(rounds).map(|(base, own)| base.seconds / own.seconds));
        let (aim, reached) = if *aim == 0.0 {
            (String::new(), "")
        } else {
            (format!("{aim:.1}"), if ratio.median >= *aim { "yes" } else { "no" })
        };
        let (middle, least, most) = (ratio.median, ratio.least, ratio.most);
        format!("{against} | {middle:.2} ({least:.2}–{most:.2}) | {aim} | {reached}")
    }
}

struct Spread {
    least: f64,
    median: f64,
    most: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
        Self { least: values[0], median: f64::midpoint(low, high), most: values[values.len() - 1] }
    }
}
