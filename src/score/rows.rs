//! Rows that items are about, from the queries in `schema/score/`.

use super::deadline::Late;
use super::persons::resident;
use super::rulebook::{Item, Rulebook};
use crate::clock::day_number;
use crate::overlay::SCHEMA;
use crate::store::{QueryRow, RawValue, Reader, Result, SqlValue, StoreError};

/// The query that gives an item's rows, if there is one.
pub(super) fn query(name: &str) -> Option<&'static str> {
    SCHEMA.get_file(format!("score/{name}.sql"))?.contents_utf8()
}

/// How fine-grained rows are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Granularity {
    /// Those of a visit together, because there are millions of them.
    Summed,
    /// Each with where it came from.
    Each,
}

/// The parts that make a person-day complete.
pub(super) const WHOLE: u8 = 3;

/// A row of an item, or all its rows of one visit together.
#[derive(Debug, Clone, Copy)]
pub(super) struct SourceRow<'a> {
    pub(super) hcode: RawValue<'a>,
    pub(super) pid: RawValue<'a>,
    /// Citizen ID in the row itself.
    pub(super) cid: RawValue<'a>,
    /// Event date.
    pub(super) day: i64,
    /// Number of rows that it stands for.
    pub(super) rows: u64,
    /// 0 when several rows are summed up, all of them in time for every day.
    pub(super) sub: i64,
    pub(super) line: i64,
    /// Dates of care, each with the submission that told it: `DAY/SUBMISSION`,
    /// with blanks between them.
    pub(super) cares: &'a str,
    /// Rows of a person that agree in this score once.
    pub(super) once: Option<i64>,
    /// What the row itself says about living in the area.
    pub(super) resident: Option<bool>,
    /// What the row is of all that its person-day needs, as bits of [`WHOLE`].
    pub(super) part: u8,
    /// Kind of record; blank when several rows are summed up.
    pub(super) file: &'a str,
}

/// Positions of the columns of a query.
struct ColumnIndexes {
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
    part: Option<usize>,
    file: Option<usize>,
}

impl ColumnIndexes {
    fn find(columns: &[String], name: &str) -> Result<Self> {
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
            part: find("part"),
            file: find("file"),
        })
    }

    fn row<'l>(&self, line: &'l QueryRow<'_>) -> Result<SourceRow<'l>> {
        let int = |place: Option<usize>| place.map_or(Ok(None), |place| line.int(place));
        let text = |place: Option<usize>| match place {
            Some(place) => Ok::<_, StoreError>(line.str(place)?.unwrap_or_default()),
            None => Ok(""),
        };
        Ok(SourceRow {
            hcode: line.raw(self.hcode)?,
            pid: line.raw(self.pid)?,
            cid: line.raw(self.cid)?,
            day: match line.raw(self.day)? {
                RawValue::Int(day) => day,
                _ => 0,
            },
            rows: int(self.rows)?.unwrap_or(1) as u64,
            sub: int(self.sub)?.unwrap_or(0),
            line: int(self.line)?.unwrap_or(0),
            cares: text(self.cares)?,
            once: int(self.once)?,
            resident: int(self.resident)?.map(|yes| yes == 1),
            part: int(self.part)?.map_or(WHOLE, |part| part as u8 & WHOLE),
            file: text(self.file)?,
        })
    }
}

/// SQL condition: the submission is in time for every day. Late submissions mostly
/// have the highest ids, hence the cheap first test.
const IN_TIME: &str = "(sub < :late_from OR sub NOT IN (SELECT value FROM json_each(:late)))";

/// The query of an item as it is run.
fn statement(reader: &Reader, item: &Item, grain: Granularity, late: &Late) -> Result<String> {
    let name = &item.rows;
    let sql = query(name)
        .ok_or_else(|| StoreError::Refused(format!("there is no schema/score/{name}.sql")))?;
    let columns = reader.shape(sql)?.0;
    let have = |wanted: &str| columns.iter().any(|column| column == wanted);
    let visit = "v.hospcode AS hcode, v.pid AS pid, x.cid AS cid, v.date_serv AS day, x.sub AS sub";
    // The order of the joins is given: rows come in the order of visits, and
    // the visit beside each is the next one of its table.
    Ok(match (have("visit"), have("part"), grain) {
        (false, _, _) => format!("SELECT * FROM (\n{sql}\n) WHERE sub <= :as_of"),
        (true, false, Granularity::Summed) => {
            // What is late for every day needs no second look.
            let others = if late.by_quarter {
                format!(
                    " UNION ALL SELECT visit, sub, cid, 1 FROM (\n{sql}\n)
                      WHERE sub <= :as_of AND NOT {IN_TIME}"
                )
            } else {
                String::new()
            };
            format!(
                "SELECT {visit}, x.rows AS rows
                 FROM (SELECT visit, 0 AS sub, max(cid) AS cid, count(*) AS rows FROM (\n{sql}\n)
                       WHERE sub <= :as_of AND {IN_TIME} GROUP BY visit{others}) AS x
                 CROSS JOIN visit AS v ON v.id = x.visit
                 WHERE v.date_serv BETWEEN :from AND :to"
            )
        }
        (true, parts, _) => {
            let part = if parts { ", x.part AS part" } else { "" };
            format!(
                "SELECT {visit}, x.line AS line, x.file AS file{part}
                 FROM (\n{sql}\n) AS x CROSS JOIN visit AS v ON v.id = x.visit
                 WHERE x.sub <= :as_of AND v.date_serv BETWEEN :from AND :to"
            )
        }
    })
}

/// Calls `each` with every row of an item.
pub(super) fn each_row(
    reader: &Reader,
    book: &Rulebook,
    item: &Item,
    as_of: i64,
    grain: Granularity,
    late: &Late,
    mut each: impl FnMut(&SourceRow<'_>) -> Result<()>,
) -> Result<()> {
    let sql = statement(reader, item, grain, late)?;
    let (columns, _) = reader.shape(&sql)?;
    let places = ColumnIndexes::find(&columns, &item.rows)?;
    let mut params = vec![
        (":from", SqlValue::Int(day_number(book.window.from))),
        (":to", SqlValue::Int(day_number(book.window.to))),
        (":as_of", SqlValue::Int(as_of)),
        (":resident", SqlValue::Text(resident(book))),
        (":late", SqlValue::Text(late.list.clone())),
        (":late_from", SqlValue::Int(late.from)),
    ];
    let names: Vec<String> = item.params.keys().map(|name| format!(":{name}")).collect();
    params.extend(
        names.iter().map(String::as_str).zip(item.params.values().copied().map(SqlValue::Int)),
    );
    reader.each_line(&sql, &params, |line| each(&places.row(line)?))
}
