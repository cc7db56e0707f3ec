//! Rows that items are about, from the queries in `schema/score/`.

use include_dir::{Dir, include_dir};

use super::persons::resident;
use super::rulebook::{Item, Rulebook};
use crate::clock::day_number;
use crate::store::{Line, Raw, Reader, Result, StoreError, Value};

static QUERIES: Dir = include_dir!("$CARGO_MANIFEST_DIR/schema/score");

/// The query that gives an item's rows, if there is one.
pub(super) fn query(name: &str) -> Option<&'static str> {
    QUERIES.get_file(format!("{name}.sql"))?.contents_utf8()
}

/// How rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// Those of a visit together, because there are millions of them.
    Summed,
    /// Each with where it came from.
    Each,
}

/// A row, or all rows of a visit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) hcode: Raw<'a>,
    pub(super) pid: Raw<'a>,
    /// Its own citizen ID.
    pub(super) cid: Raw<'a>,
    /// Event date.
    pub(super) day: i64,
    /// How many rows this is.
    pub(super) rows: u64,
    /// 0 when several rows are summed up.
    pub(super) sub: i64,
    pub(super) line: i64,
    /// Different dates of care.
    pub(super) cares: i64,
    /// Rows of a person that agree in this score once.
    pub(super) once: Option<i64>,
    /// What the row itself says about living in the area.
    pub(super) resident: Option<bool>,
    /// Kind of record; blank when several rows are summed up.
    pub(super) file: &'a str,
}

/// Positions of the columns that a query gives.
struct Places {
    hcode: usize,
    pid: usize,
    cid: usize,
    day: usize,
    rows: Option<usize>,
    sub: Option<usize>,
    line: Option<usize>,
    cares: Option<usize>,
    once: Option<usize>,
    resident: Option<usize>,
    file: Option<usize>,
}

impl Places {
    fn of(columns: &[String], name: &str) -> Result<Self> {
        let find = |column: &str| columns.iter().position(|have| have == column);
        let need = |column: &str| {
            find(column).ok_or_else(|| {
                StoreError::Refused(format!("schema/score/{name}.sql gives no {column}"))
            })
        };
        Ok(Self {
            hcode: need("hcode")?,
            pid: need("pid")?,
            cid: need("cid")?,
            day: need("day")?,
            rows: find("rows"),
            sub: find("sub"),
            line: find("line"),
            cares: find("cares"),
            once: find("once"),
            resident: find("resident"),
            file: find("file"),
        })
    }

    fn row<'l>(&self, line: &'l Line<'_>) -> Result<Row<'l>> {
        let int = |place: Option<usize>| place.map_or(Ok(None), |place| line.int(place));
        Ok(Row {
            hcode: line.raw(self.hcode)?,
            pid: line.raw(self.pid)?,
            cid: line.raw(self.cid)?,
            day: match line.raw(self.day)? {
                Raw::Int(day) => day,
                _ => 0,
            },
            rows: int(self.rows)?.unwrap_or(1) as u64,
            sub: int(self.sub)?.unwrap_or(0),
            line: int(self.line)?.unwrap_or(0),
            cares: int(self.cares)?.unwrap_or(0),
            once: int(self.once)?,
            resident: int(self.resident)?.map(|yes| yes == 1),
            file: match self.file {
                Some(place) => line.str(place)?.unwrap_or_default(),
                None => "",
            },
        })
    }
}

/// The query of an item as it is run.
pub(super) fn statement(reader: &Reader, item: &Item, grain: Grain) -> Result<String> {
    let name = &item.rows;
    let sql = query(name)
        .ok_or_else(|| StoreError::Refused(format!("there is no schema/score/{name}.sql")))?;
    let by_visit = reader.shape(sql)?.0.iter().any(|column| column == "visit");
    // The order of the joins is given: rows come in the order of visits, and
    // the visit beside each is the next one of its table.
    Ok(match (by_visit, grain) {
        (false, _) => format!("SELECT * FROM (\n{sql}\n) WHERE sub <= :as_of"),
        (true, Grain::Summed) => format!(
            "SELECT v.hospcode AS hcode, v.pid AS pid, x.cid AS cid, v.date_serv AS day,
               x.rows AS rows
             FROM (SELECT visit, max(cid) AS cid, count(*) AS rows FROM (\n{sql}\n)
                   WHERE sub <= :as_of GROUP BY visit) AS x
             CROSS JOIN visit AS v ON v.id = x.visit
             WHERE v.date_serv BETWEEN :from AND :to"
        ),
        (true, Grain::Each) => format!(
            "SELECT v.hospcode AS hcode, v.pid AS pid, x.cid AS cid, v.date_serv AS day,
               x.sub AS sub, x.line AS line, x.file AS file
             FROM (\n{sql}\n) AS x CROSS JOIN visit AS v ON v.id = x.visit
             WHERE x.sub <= :as_of AND v.date_serv BETWEEN :from AND :to"
        ),
    })
}

/// Hands every row of an item to `each`.
pub(super) fn each_row(
    reader: &Reader,
    book: &Rulebook,
    item: &Item,
    as_of: i64,
    grain: Grain,
    mut each: impl FnMut(&Row<'_>) -> Result<()>,
) -> Result<()> {
    let sql = statement(reader, item, grain)?;
    let (columns, _) = reader.shape(&sql)?;
    let places = Places::of(&columns, &item.rows)?;
    let mut params = vec![
        (":from", Value::Int(day_number(book.window.from))),
        (":to", Value::Int(day_number(book.window.to))),
        (":as_of", Value::Int(as_of)),
        (":resident", Value::Text(resident(book))),
    ];
    let names: Vec<String> = item.params.keys().map(|name| format!(":{name}")).collect();
    params.extend(
        names.iter().map(String::as_str).zip(item.params.values().copied().map(Value::Int)),
    );
    reader.each_line(&sql, &params, |line| each(&places.row(line)?))
}
