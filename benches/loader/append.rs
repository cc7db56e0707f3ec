//! The engine's limit: archives inflated, split on `|`, and appended as text to
//! tables without a key. Nothing is validated, no key is held, no receipt written.
//!
//! All else is as the loader has it, so that the difference is what validating and
//! keys cost: our own reading of zip, one thread that inflates and splits while
//! another inserts, prepared statements without allocation per row, WAL, 16 KiB
//! pages, `synchronous=FULL`, one transaction an archive.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, bounded};
use khlang::archive::{Archive, ArchiveName};
use khlang::catalog::Catalog;
use khlang::config::Limits;
use khlang::row::{BOM, Encoding, decode};
use rusqlite::types::Null;
use rusqlite::{Connection, Statement};

/// Bytes inflated at once, rows and bytes of text of a batch, and batches that
/// may wait: as in `load`.
const BLOCK: usize = 256 << 10;
const BATCH_ROWS: usize = 4096;
const BATCH_TEXT: usize = 512 << 10;
const AHEAD: usize = 16;

/// Rows that one statement inserts, as in `store`.
const TOGETHER: usize = 16;

/// Rows of one table.
#[derive(Default)]
struct Batch {
    table: usize,
    text: String,
    fields: Vec<(u32, u32)>,
    /// Where the fields of each row end.
    rows: Vec<u32>,
}

enum Message {
    Rows(Batch),
    /// The archive is at its end.
    Commit,
}

/// The tables: name and number of columns, by record of the catalogue.
struct Tables {
    catalog: Catalog,
    list: Vec<(String, usize)>,
}

impl Tables {
    fn new() -> Self {
        let catalog = Catalog::builtin().unwrap();
        let widest = |record: &khlang::catalog::Record| {
            record.layouts().map(|layout| layout.columns.len()).max().unwrap_or(0)
        };
        let list = catalog.records.iter().map(|r| (r.name.clone(), widest(r))).collect();
        Self { catalog, list }
    }

    /// The table of a member; none for what is no file of the standard.
    fn of(&self, archive: &ArchiveName, member: &str) -> Option<usize> {
        let (stem, ending) = member.rsplit_once('.')?;
        if !ending.eq_ignore_ascii_case("txt") {
            return None;
        }
        // `FILE_HCODE_TIME` is FILE.
        let cut = stem.rsplitn(3, '_').nth(2).unwrap_or(stem);
        let file = |name: &str| self.catalog.file(archive.standard, name);
        let (record, _) = file(stem).or_else(|| file(cut))?;
        self.catalog.records.iter().position(|other| other.name == record.name)
    }
}

/// Appends the archives to a new database; gives the rows.
pub fn append(archives: &[PathBuf], database: &Path) -> u64 {
    let tables = Tables::new();
    let conn = open(database, &tables);
    let (sender, receiver) = bounded(AHEAD);
    let (spare, spares) = bounded(AHEAD + 2);
    std::thread::scope(|scope| {
        let tables = &tables;
        scope.spawn(move || {
            for archive in archives {
                Reading { tables, sender: &sender, spares: &spares }.archive(archive);
            }
        });
        insert_all(&conn, tables, &receiver, &spare)
    })
}

/// Rows of archives, as [`append`] counts them.
pub fn count(archives: &[PathBuf]) -> u64 {
    let tables = Tables::new();
    let (sender, receiver) = bounded(AHEAD);
    let (_, spares) = bounded(1);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let sender = sender;
            for archive in archives {
                Reading { tables: &tables, sender: &sender, spares: &spares }.archive(archive);
            }
        });
        let rows = |message| if let Message::Rows(batch) = message { batch.rows.len() } else { 0 };
        receiver.iter().map(|message| rows(message) as u64).sum()
    })
}

#[allow(clippy::disallowed_methods, reason = "a baseline has a database of its own")]
fn open(database: &Path, tables: &Tables) -> Connection {
    let conn = Connection::open(database).unwrap();
    // Cache and checkpoints as in `store`.
    conn.execute_batch(
        "PRAGMA page_size = 16384; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA cache_size = -49152; PRAGMA wal_autocheckpoint = 4000;
         PRAGMA journal_size_limit = 134217728;",
    )
    .unwrap();
    let tables = tables.list.iter().map(|(name, columns)| {
        let columns: Vec<String> = (1..=*columns).map(|at| format!("c{at} TEXT")).collect();
        format!("CREATE TABLE {name} ({});", columns.join(", "))
    });
    // All at once, as the store makes its own.
    let tables: Vec<String> = tables.collect();
    conn.execute_batch(&format!("BEGIN; {} COMMIT;", tables.concat())).unwrap();
    conn
}

/// The side that inflates and splits.
struct Reading<'a> {
    tables: &'a Tables,
    sender: &'a Sender<Message>,
    spares: &'a Receiver<Batch>,
}

impl Reading<'_> {
    fn archive(&self, path: &Path) {
        let name = path.file_name().unwrap().to_string_lossy();
        let name = ArchiveName::parse(&name).unwrap();
        let config = khlang::config::Config::default();
        let archive = Archive::open(path, &config.limits).unwrap();
        for entry in archive.entries().iter().filter(|entry| !entry.is_dir) {
            if let Some(table) = self.tables.of(&name, &entry.base) {
                self.member(archive.reader(entry.index).unwrap(), table, &config.limits);
            }
        }
        self.sender.send(Message::Commit).unwrap();
    }

    /// A member block by block, so that memory does not grow with it.
    fn member(&self, mut reader: impl Read, table: usize, limits: &Limits) {
        let mut raw = vec![0; BLOCK + limits.line_bytes];
        let (mut filled, mut first, mut ended) = (0, true, false);
        let mut encoding = Encoding::Utf8;
        let mut text = String::new();
        let mut batch = self.fresh(table);
        while !ended {
            while filled < BLOCK && !ended {
                let read = reader.read(&mut raw[filled..]).unwrap();
                filled += read;
                ended = read == 0;
            }
            let whole = memchr::memrchr(b'\n', &raw[..filled]).map_or(0, |at| at + 1);
            let whole = if ended { filled } else { whole };
            let bytes = &raw[..whole];
            let bytes = bytes.strip_prefix(BOM).filter(|_| first).unwrap_or(bytes);
            text.clear();
            if decode(bytes, encoding, &mut text).is_err() {
                encoding = Encoding::Windows874;
                text.clear();
                decode(bytes, encoding, &mut text).unwrap();
            }
            for line in lines(&text) {
                // As the samples have it.
                let header = line.starts_with("HOSPCODE|") || line.starts_with("PCUCODE|");
                let skipped = first && (header || line.eq_ignore_ascii_case("test"));
                if line.trim_ascii().is_empty() || skipped {
                    continue;
                }
                first = false;
                batch.split(line);
                if batch.rows.len() >= BATCH_ROWS || batch.text.len() >= BATCH_TEXT {
                    let full = std::mem::replace(&mut batch, self.fresh(table));
                    self.sender.send(Message::Rows(full)).unwrap();
                }
            }
            raw.copy_within(whole..filled, 0);
            filled -= whole;
        }
        self.sender.send(Message::Rows(batch)).unwrap();
    }

    fn fresh(&self, table: usize) -> Batch {
        let mut batch = self.spares.try_recv().unwrap_or_default();
        batch.table = table;
        batch.text.clear();
        batch.fields.clear();
        batch.rows.clear();
        batch
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    let ends = memchr::memchr_iter(b'\n', text.as_bytes()).chain([text.len()]);
    ends.map(move |end| {
        let line = &text[start.min(end)..end];
        start = end + 1;
        line.strip_suffix('\r').unwrap_or(line)
    })
}

impl Batch {
    fn split(&mut self, line: &str) {
        let base = self.text.len() as u32;
        self.text.push_str(line);
        let mut start = 0;
        for (at, byte) in line.bytes().enumerate() {
            if byte == b'|' {
                self.fields.push((base + start, base + at as u32));
                start = at as u32 + 1;
            }
        }
        self.fields.push((base + start, base + line.len() as u32));
        self.rows.push(self.fields.len() as u32);
    }
}

/// The side that inserts.
fn insert_all(
    conn: &Connection,
    tables: &Tables,
    receiver: &Receiver<Message>,
    spare: &Sender<Batch>,
) -> u64 {
    let mut statements: HashMap<usize, [Statement; 2]> = HashMap::new();
    let (mut rows, mut open) = (0, false);
    for message in receiver {
        match message {
            Message::Commit => {
                if open {
                    conn.execute_batch("COMMIT").unwrap();
                }
                open = false;
            }
            Message::Rows(batch) => {
                if !open {
                    conn.execute_batch("BEGIN IMMEDIATE").unwrap();
                    open = true;
                }
                let (name, columns) = &tables.list[batch.table];
                let statements = statements.entry(batch.table).or_insert_with(|| {
                    let marks = format!("({})", vec!["?"; *columns].join(", "));
                    [1, TOGETHER].map(|rows| {
                        let rows = vec![marks.as_str(); rows].join(", ");
                        conn.prepare(&format!("INSERT INTO {name} VALUES {rows}")).unwrap()
                    })
                });
                rows += insert(statements, &batch, *columns);
                // The other side has enough of them.
                let _ = spare.try_send(batch);
            }
        }
    }
    rows
}

fn insert([one, many]: &mut [Statement; 2], batch: &Batch, columns: usize) -> u64 {
    let mut start = 0;
    let whole = batch.rows.len() - batch.rows.len() % TOGETHER;
    for (row, &end) in batch.rows.iter().enumerate() {
        let (statement, slot, slots) =
            if row < whole { (&mut *many, row % TOGETHER, TOGETHER) } else { (&mut *one, 0, 1) };
        let fields = &batch.fields[start as usize..end as usize];
        for at in 0..columns {
            // A trailing delimiter makes one field more; headers may leave columns out.
            match fields.get(at) {
                Some(&(from, to)) if from < to => {
                    let text = &batch.text[from as usize..to as usize];
                    statement.raw_bind_parameter(slot * columns + at + 1, text).unwrap();
                }
                _ => statement.raw_bind_parameter(slot * columns + at + 1, Null).unwrap(),
            }
        }
        if slot + 1 == slots {
            statement.raw_execute().unwrap();
        }
        start = end;
    }
    batch.rows.len() as u64
}
