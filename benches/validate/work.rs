//! What is measured, over the first archive of a sample.

use std::io::Read;
use std::path::{Path, PathBuf};

use khlang::archive::{Archive, ArchiveName};
use khlang::catalog::Catalog;
use khlang::clock::{day_number, fiscal_year_of};
use khlang::config::Config;
use khlang::environment::Environment;
use khlang::row::{
    BOM, Batch, CompiledLayout, Context, Encoding, NoStore, Order, PersonContext, Validator,
    decode, is_header,
};
use khlang::units::Units;
use rustc_hash::FxHashSet;

use crate::{Args, Step, timed};

/// As in `load`.
const BLOCK: usize = 256 << 10;
const BATCH_ROWS: usize = 4096;

/// Rows whose text is looked at once for control characters: about a block.
const ROWS_OF_BLOCK: usize = 2000;

/// Rows of a kind below which it says nothing.
const FEWEST: usize = 100;

/// A member made ready: its text, its lines, the orders of its columns.
struct Member {
    entry: usize,
    file: String,
    record: usize,
    orders: Vec<Order>,
    text: String,
    /// First and last byte of each row, and its line.
    rows: Vec<(usize, usize, u32)>,
}

/// What all validating here is done with.
struct Bench {
    environment: Environment,
    name: ArchiveName,
    may_send: FxHashSet<String>,
    members: Vec<Member>,
    batch: Batch,
}

/// How work is measured; gives what it cost.
type Counted = fn(&mut dyn FnMut()) -> u64;

fn uncounted(work: &mut dyn FnMut()) -> u64 {
    work();
    0
}

/// Measures everything, each step once.
pub fn steps(args: &Args, folder: &Path) -> Vec<Step> {
    let path = archive_of(folder);
    let units = Units::load(&folder.join("units.csv")).unwrap();
    let environment =
        Environment::new(Catalog::builtin().unwrap(), units, Config::default()).unwrap();
    let archive = Archive::open(&path, &environment.config.limits).unwrap();
    let name = ArchiveName::parse(&path.file_name().unwrap().to_string_lossy()).unwrap();
    let members = members(&environment, &name, &archive);
    let mut steps = reading(&archive, &members);
    let may_send = environment.units.may_send(&name.hcode);
    let mut bench = Bench { environment, name, may_send, members, batch: Batch::default() };
    for at in 0..bench.members.len() {
        let member = &bench.members[at];
        let wanted = args.kinds.iter().all(String::is_empty) || args.kinds.contains(&member.file);
        let few = args.rows.min(member.rows.len() / 2);
        if wanted && few >= FEWEST {
            for validated in [false, true] {
                // Once more at first, uncounted, for the memory of batches and lists.
                bench.run(at, 2 * few, validated, uncounted);
                steps.extend([few, 2 * few].map(|rows| bench.run(at, rows, validated, timed)));
            }
        }
    }
    steps
}

/// The archive with the register: the first that was sent.
fn archive_of(folder: &Path) -> PathBuf {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let archives = paths.filter_map(|path| {
        let name = ArchiveName::parse(&path.file_name()?.to_string_lossy()).ok()?;
        Some((name.sent_at, path))
    });
    archives.min().unwrap().1
}

fn members(environment: &Environment, name: &ArchiveName, archive: &Archive) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for entry in archive.entries() {
        let Some((stem, _)) = entry.base.rsplit_once('.') else { continue };
        // `FILE_HCODE_TIME` is FILE.
        let cut = stem.rsplitn(3, '_').nth(2).unwrap_or(stem);
        let known = [stem, cut]
            .into_iter()
            .find_map(|name_| environment.record_of(name.standard, &name_.to_ascii_uppercase()));
        if let Some((record, file)) = known {
            let text = text_of(archive, entry.index);
            members.push(member(environment, name, (entry.index, file, record), text));
        }
    }
    // As they load: persons first, then deaths, then by name.
    members.sort_by_key(|member| {
        let compiled = environment.compiled_layout(member.record, name.standard);
        (!compiled.is_person, !compiled.is_death, member.file.clone())
    });
    members
}

fn member(
    environment: &Environment,
    name: &ArchiveName,
    (entry, file, record): (usize, String, usize),
    text: String,
) -> Member {
    let year = fiscal_year_of(name.sent_at.date());
    let compiled = environment.compiled_layout_in(record, name.standard, year);
    let (_, layout) = environment.file(record, name.standard);
    let mut rows = Vec::new();
    let (mut start, mut orders) = (0, Vec::new());
    for (number, line) in text.split('\n').enumerate() {
        let end = start + line.trim_end_matches('\r').len();
        let trimmed = line.trim();
        if rows.is_empty() && orders.is_empty() && is_header(trimmed, compiled, layout) {
            orders.push(Order::of_header(trimmed, compiled, layout).unwrap());
        } else if !trimmed.is_empty() && !trimmed.eq_ignore_ascii_case("test") {
            rows.push((start, end, number as u32 + 1));
        }
        start += line.len() + 1;
    }
    if orders.is_empty() {
        orders = Order::of_versions(compiled);
        let first: Vec<&str> = rows.iter().take(100).map(|&(a, b, _)| &text[a..b]).collect();
        Order::settle_ties(&mut orders, &first, compiled);
    }
    Member { entry, file, record, orders, text, rows }
}

fn text_of(archive: &Archive, entry: usize) -> String {
    let mut bytes = Vec::new();
    archive.reader(entry).unwrap().read_to_end(&mut bytes).unwrap();
    let bytes = bytes.strip_prefix(BOM).unwrap_or(&bytes);
    let mut text = String::new();
    if decode(bytes, Encoding::Utf8, &mut text).is_err() {
        text.clear();
        decode(bytes, Encoding::Windows874, &mut text).unwrap();
    }
    text
}

/// Inflating alone, and with decoding and cutting lines.
fn reading(archive: &Archive, members: &[Member]) -> Vec<Step> {
    let rows: Vec<_> =
        members.iter().flat_map(|m| m.rows.iter().map(move |&row| (m, row))).collect();
    let fields = rows.iter().map(|(m, row)| fields_of(m, *row)).sum();
    let bytes = members.iter().map(|m| archive.entries()[m.entry].inflated).sum();
    let step = |name: &str, cost| {
        let all = rows.len() as u64;
        Step { name: name.to_owned(), rows: all, fields, bytes, all, cost }
    };
    let mut raw = vec![0; BLOCK];
    let inflate = timed(&mut || {
        for member in members {
            let mut reader = archive.reader(member.entry).unwrap();
            while reader.read(&mut raw).unwrap() > 0 {}
        }
    });
    let (mut cut, mut raw, mut text) = (0, vec![0; 2 * BLOCK], String::with_capacity(2 * BLOCK));
    let lines = timed(&mut || {
        for member in members {
            cut += cut_lines(archive, member.entry, &mut raw, &mut text);
        }
    });
    assert!(cut >= rows.len() as u64, "{cut} lines, {} rows", rows.len());
    vec![step("inflate", inflate), step("inflate, decode and cut lines", lines)]
}

/// As `load::lines` does it: blocks of whole lines. Gives their number. Buffers
/// are the caller's: valgrind counts an instruction for each byte that is zeroed
/// or copied at large, which is far more than it takes.
fn cut_lines(archive: &Archive, entry: usize, raw: &mut [u8], text: &mut String) -> u64 {
    let mut reader = archive.reader(entry).unwrap();
    let (mut filled, mut count, mut ended) = (0, 0, false);
    let mut encoding = Encoding::Utf8;
    while !ended {
        let full = (filled + BLOCK).min(raw.len());
        while filled < full && !ended {
            let read = reader.read(&mut raw[filled..full]).unwrap();
            filled += read;
            ended = read == 0;
        }
        let last = memchr::memrchr(b'\n', &raw[..filled]).map_or(0, |at| at + 1);
        let whole = if ended { filled } else { last };
        text.clear();
        if decode(&raw[..whole], encoding, text).is_err() {
            encoding = Encoding::Windows874;
            text.clear();
            decode(&raw[..whole], encoding, text).unwrap();
        }
        let mut start = 0;
        while start < text.len() {
            let rest = &text[start..];
            let length = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
            let line = std::hint::black_box(&rest[..length]);
            count += u64::from(!line.trim_ascii().is_empty());
            start += length + 1;
        }
        raw.copy_within(whole..filled, 0);
        filled -= whole;
    }
    count
}

fn fields_of(member: &Member, (start, end, _): (usize, usize, u32)) -> u64 {
    memchr::memchr_iter(b'|', &member.text.as_bytes()[start..end]).count() as u64 + 1
}

impl Bench {
    /// Splits, or splits and validates, the first rows of a member.
    fn run(&mut self, at: usize, rows: usize, validated: bool, count: Counted) -> Step {
        let Self { environment, name, may_send, members, batch } = self;
        let limits = &environment.config.limits;
        let mut no_store = NoStore;
        let mut context = Context {
            sent_day: day_number(name.sent_at.date()),
            on_time_days: i64::from(environment.config.timeliness.days),
            blanks: &environment.blanks,
            units: environment.units.codes(),
            may_send,
            persons: PersonContext::new(&mut no_store),
            store_answers: true,
            // Of rows that are only split nothing is to be said.
            kept: if validated { limits.findings } else { 0 },
            warnings_kept: if validated { limits.warnings } else { 0 },
            left: limits.findings_in_all,
        };
        let year = fiscal_year_of(name.sent_at.date());
        let compiled_of =
            |member: &Member| environment.compiled_layout_in(member.record, name.standard, year);
        let member = &members[at];
        let compiled = compiled_of(member);
        if validated {
            // Whom the rows name is known from what loads before them.
            let before = members.iter().take_while(|m| m.file != member.file);
            for other in before.filter(|m| compiled_of(m).is_person || compiled_of(m).is_death) {
                let mut validator =
                    Validator::new(compiled_of(other), other.orders.clone(), &mut context);
                through(&mut validator, compiled_of(other), other, other.rows.len(), batch);
            }
        }
        let orders = if validated { member.orders.clone() } else { Vec::new() };
        let mut validator = Validator::new(compiled, orders, &mut context);
        let cost = count(&mut || through(&mut validator, compiled, member, rows, batch));
        let rejected: u64 = validator.outcome.rejected.values().sum();
        let few = rejected <= rows as u64 / 4;
        assert!(few || !validated, "{}: {rejected} of {rows} are rejected", member.file);
        let what = if validated { "validate" } else { "split" };
        let of = &member.rows[..rows];
        Step {
            name: format!("{what} {}", member.file),
            rows: rows as u64,
            fields: of.iter().map(|&row| fields_of(member, row)).sum(),
            bytes: of.iter().map(|(start, end, _)| (end - start) as u64).sum(),
            all: member.rows.len() as u64,
            cost,
        }
    }
}

fn through(
    validator: &mut Validator,
    compiled: &CompiledLayout,
    member: &Member,
    rows: usize,
    batch: &mut Batch,
) {
    batch.clear(compiled.width);
    for block in member.rows[..rows].chunks(ROWS_OF_BLOCK) {
        validator.begin_block(&member.text[block[0].0..block[block.len() - 1].1]);
        for &(start, end, line) in block {
            validator.row(&member.text[start..end], line, batch);
            if batch.rows.len() >= BATCH_ROWS {
                batch.clear(compiled.width);
            }
        }
    }
}
