//! What splitting and validating a row cost, in instructions: unlike times they
//! are the same on a machine that others use.
//!
//! `cargo bench --bench validate` makes an archive of the sample with one unit,
//! runs itself three times under `valgrind --tool=callgrind`, and prints instructions
//! per row and per field for inflating, cutting lines, splitting, and validating
//! by kind of file. Only what happens within [`measured`] is counted. Each kind
//! is run with N and with 2N rows, and the difference counts, so that the first
//! rows with their first findings do not. Without valgrind it says so and
//! gives times, which are worth less.
//!
//! Splitting is measured as `row` does it, through a validator that knows no order
//! of columns and so has nothing to validate; that adds some 20 instructions a
//! row. Cutting lines is done here as `load` does it, without the limit on
//! their length.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on should stop")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark is for its output")]

#[path = "validate/callgrind.rs"]
mod callgrind;
#[path = "validate/table.rs"]
mod table;
#[path = "validate/work.rs"]
mod work;

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Parser;
use khlang::archive::Standard;
use khlang::catalog::Catalog;
use khlang::sample::{SampleArgs, default_start, generate};

/// What splitting and validating a row cost, in instructions.
#[derive(Debug, Parser)]
struct Args {
    /// Residents of the one unit; more bring more rows of each kind
    #[arg(long, default_value_t = 4000)]
    persons: u32,
    /// N: rows of a kind in the smaller of its two runs, if there are so many
    #[arg(long, default_value_t = 1000)]
    rows: usize,
    /// Share of spoilt rows
    #[arg(long, default_value_t = 0.0)]
    defects: f64,
    /// Seed of the sample; it decides the form of the export, too
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only these kinds of file
    #[arg(long, value_delimiter = ',')]
    kinds: Vec<String>,
    /// Runs of it all, of which the median counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Times instead of instructions
    #[arg(long)]
    times: bool,
    /// `cargo bench` says it to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
    /// The run itself: the folder of the sample.
    #[arg(long, hide = true)]
    inside: Option<PathBuf>,
}

/// One thing measured: its name, and what it went through.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    /// `inflate`, `lines`, `split KIND` or `validate KIND`.
    name: String,
    rows: u64,
    fields: u64,
    bytes: u64,
    /// Rows of the kind in the whole archive.
    all: u64,
    /// Instructions, or nanoseconds.
    cost: u64,
}

fn main() {
    let args = Args::parse();
    if let Some(folder) = &args.inside {
        for step in work::steps(&args, folder) {
            println!("{}", table::to_line(&step));
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    make(&args, folder.path());
    if args.times || !callgrind::installed() {
        if !args.times {
            println!("valgrind is not installed: times instead of instructions");
        }
        println!("{}", table::of(&work::steps(&args, folder.path()), "ns"));
        return;
    }
    let runs: Vec<Vec<Step>> =
        (0..args.runs).map(|run| callgrind::run(&args, folder.path(), run)).collect();
    println!("{}", table::of(&table::middle(&runs), "instructions"));
    println!("{}", table::agreement(&runs));
}

fn make(args: &Args, folder: &Path) {
    let sample = SampleArgs {
        dir: folder.to_owned(),
        units: 1,
        persons: args.persons,
        months: 1,
        seed: args.seed,
        standard: Some(Standard::F43),
        defects: args.defects,
        start: default_start(),
    };
    generate(&sample, &Catalog::builtin().unwrap()).unwrap();
}

/// What happens within is counted; valgrind is told its name.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
    // No tail call: the function has to be seen to return.
    std::hint::black_box(());
}

/// Measures; gives nanoseconds, which a run under valgrind throws away.
fn timed(work: &mut dyn FnMut()) -> u64 {
    let start = Instant::now();
    measured(work);
    start.elapsed().as_nanos() as u64
}
