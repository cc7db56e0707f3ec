//! Steps as lines between two processes, and as the table for people.

use std::fmt::Write as _;

use crate::Step;

/// A step as a line.
pub fn to_line(step: &Step) -> String {
    let Step { name, rows, fields, bytes, all, cost } = step;
    format!("{name}\t{rows}\t{fields}\t{bytes}\t{all}\t{cost}")
}

/// And back.
pub fn from_line(line: &str) -> Step {
    let parts: Vec<&str> = line.split('\t').collect();
    let number = |at: usize| parts[at].parse().unwrap();
    Step {
        name: parts[0].to_owned(),
        rows: number(1),
        fields: number(2),
        bytes: number(3),
        all: number(4),
        cost: number(5),
    }
}

/// What one more row costs: of a step that was run with N and 2N rows the
/// difference, else all of it.
struct Each {
    name: String,
    rows: f64,
    fields: f64,
    bytes: f64,
    all: u64,
    cost: f64,
}

impl Each {
    fn of(steps: &[Step]) -> Vec<Self> {
        let mut each: Vec<Self> = Vec::new();
        for step in steps {
            let (rows, fields) = (step.rows as f64, step.fields as f64);
            let (bytes, cost) = (step.bytes as f64, step.cost as f64);
            match each.last_mut().filter(|before| before.name == step.name) {
                Some(small) => {
                    small.rows = rows - small.rows;
                    small.fields = fields - small.fields;
                    small.bytes = bytes - small.bytes;
                    small.cost = cost - small.cost;
                }
                None => {
                    let name = step.name.clone();
                    each.push(Self { name, rows, fields, bytes, all: step.all, cost });
                }
            }
        }
        each
    }
}

/// The table: per row and per field, by step; at the end what an average row
/// of the archive costs.
pub fn of(steps: &[Step], unit: &str) -> String {
    let each = Each::of(steps);
    let mut out = format!(
        "\n| what | rows counted | bytes a row | fields a row | {unit} a row | {unit} a field |\n|---|---|---|---|---|---|\n"
    );
    for step in &each {
        let (rows, cost) = (step.rows, step.cost / step.rows);
        let (bytes, fields) = (step.bytes / rows, step.fields / rows);
        let by_field = cost / fields;
        let _ = writeln!(
            out,
            "| {} | {rows:.0} | {bytes:.0} | {fields:.1} | {cost:.0} | {by_field:.1} |",
            step.name
        );
    }
    for what in ["split", "validate"] {
        let of_kind = || each.iter().filter(|step| step.name.starts_with(what));
        let all: u64 = of_kind().map(|step| step.all).sum();
        let average = |of: fn(&Each) -> f64| {
            let sum: f64 = of_kind().map(|s| of(s) / s.rows * s.all as f64).sum();
            sum / all as f64
        };
        let (bytes, fields) = (average(|s| s.bytes), average(|s| s.fields));
        let cost = average(|s| s.cost);
        let by_field = cost / fields;
        let _ = writeln!(
            out,
            "| {what}, as the archive mixes them | {all} | {bytes:.0} | {fields:.1} | {cost:.0} | {by_field:.1} |"
        );
    }
    out
}

/// Of several runs the median of each step.
pub fn middle(runs: &[Vec<Step>]) -> Vec<Step> {
    let steps = runs[0].iter().enumerate();
    steps.map(|(at, step)| Step { cost: costs(runs, at)[runs.len() / 2], ..step.clone() }).collect()
}

/// What a step cost in each run, the least first.
fn costs(runs: &[Vec<Step>], at: usize) -> Vec<u64> {
    let mut costs: Vec<u64> = runs.iter().map(|run| run[at].cost).collect();
    costs.sort_unstable();
    costs
}

/// Whether the runs counted the same, and where not.
pub fn agreement(runs: &[Vec<Step>]) -> String {
    let mut said = String::new();
    for (at, step) in runs[0].iter().enumerate() {
        let costs = costs(runs, at);
        let (least, most) = (costs[0], costs[costs.len() - 1]);
        if least != most {
            let apart = (most - least) as f64 / most as f64 * 100.0;
            let (name, rows) = (&step.name, step.rows);
            let _ = write!(said, "; {name} of {rows} rows {apart:.3} % apart");
        }
    }
    let count = runs.len();
    if said.is_empty() {
        return format!("{count} runs: each step the same to the instruction");
    }
    // What is kept in an order of chance (the sets of std) is found in more or
    // fewer steps from one run to the next.
    format!(
        "{count} runs, the median counts: all steps the same to the instruction but{}",
        said.trim_start_matches(';')
    )
}
