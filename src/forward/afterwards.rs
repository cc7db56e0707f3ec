//! What is done about a batch after it was made.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, FixedOffset};

use super::context::ForwardContext;
use super::destination::Destination;
use super::folder::{self, Home};
use super::manifest::ForwardManifest;
use super::run::{SentBatch, ledger_of, settled, write_manifest};
use super::{ForwardError, Result};
use crate::archive::sha256_file;
use crate::clock::{bangkok, stamp};
use crate::files::is_there;
use crate::store::{ForwardArchive, ForwardBatch, NewForwardBatch, Reader};

/// Writes the archives of a batch again, the same bytes, into another folder:
/// the upload was lost. The time of the first sending stands.
pub fn again(place: &ForwardContext<'_>, batch: &ForwardBatch, reason: &str) -> Result<SentBatch> {
    let _turn = folder::turn(place.data)?;
    let reader = Reader::open(place.database, None)?;
    let mut home = settled(place, &reader, &batch.destination)?;
    let root = batch.again_of.unwrap_or(batch.batch);
    let archives = reader.forward_archives(root)?;
    let from = reader.forward_batch(root)?.map_or(batch.folder.clone(), |first| first.folder);
    let from = [&batch.folder, &from].map(|folder| place.data.join(folder));
    let name = home.free_name(place.now.with_timezone(&bangkok()).naive_local())?;
    let id = reader.next_forward_batch()?;
    let making = home.begin(&name)?;
    let write = || -> Result<String> {
        for archive in &archives {
            copy(&from, &making, archive)?;
        }
        let manifest = ForwardManifest {
            destination: &batch.destination,
            batch: id,
            again_of: Some(root),
            made_at: place.now,
            khlang: env!("CARGO_PKG_VERSION"),
            archives: &archives,
            submissions: Vec::new(),
            waiting: &[],
            failed: &[],
        };
        write_manifest(place, &making, &manifest)?;
        let (at, folder) = (stamp(place.now), folder::place(&batch.destination, &name));
        let new = NewForwardBatch {
            id,
            destination: &batch.destination,
            made_at: &at,
            by: place.by,
            folder: &folder,
            sent: false,
        };
        (place.store)()?.record_forward_again(&new, root, reason)?;
        Ok(folder)
    };
    let folder = write().inspect_err(|_| Home::give_up(&making))?;
    home.name(&name)?;
    let rows = archives.iter().map(|archive| archive.rows).sum();
    Ok(SentBatch { batch: id, folder, archives, rows })
}

/// Copies an archive out of the first folder that has it unchanged.
fn copy(from: &[PathBuf], making: &Path, archive: &ForwardArchive) -> Result<()> {
    for folder in from {
        let path = folder.join(&archive.name);
        let failed = || ForwardError::io(path.display().to_string());
        if !is_there(&path).map_err(failed())? {
            continue;
        }
        let (sha256, _) = sha256_file(&path).map_err(failed())?;
        if sha256 != archive.sha256 {
            let what = format!("{} was changed since it was sent", path.display());
            return Err(ForwardError::Refused(what));
        }
        let to = making.join(&archive.name);
        let copied = fs::copy(&path, &to).and_then(|_| fs::File::open(&to)?.sync_all());
        return copied.map_err(failed());
    }
    let what = format!("{} is in no folder any more (forward.keep)", archive.name);
    Err(ForwardError::Refused(what))
}

/// Writes down that a batch was uploaded, with what came back.
pub fn confirm(
    place: &ForwardContext<'_>,
    batch: &ForwardBatch,
    at: DateTime<FixedOffset>,
    receipt: Option<&Path>,
) -> Result<()> {
    let (at, said_at) = (stamp(at), stamp(place.now));
    if at < batch.made_at {
        let what = format!("batch {} was made at {}, after {at}", batch.batch, batch.made_at);
        return Err(ForwardError::Refused(what));
    }
    if at > said_at {
        return Err(ForwardError::Refused(format!("{at} is in the future")));
    }
    let receipt = match receipt {
        Some(path) => {
            let (sha256, bytes) = sha256_file(path).map_err(ForwardError::io(path.display()))?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            serde_json::json!({ "name": name, "bytes": bytes, "sha256": sha256 })
        }
        None => serde_json::Value::Null,
    };
    let mut store = (place.store)()?;
    Ok(store.confirm_forward(batch.batch, &at, place.by, &said_at, &receipt.to_string())?)
}

/// Puts on record that submissions up to a number, of which nothing was sent
/// yet, were sent by other means, each at the time when it was received; nothing is
/// written. What is more, it says of every folder that the ledger lost what
/// became of it, and that sending to the destination has begun.
/// Gives how many submissions that are.
pub fn adopt(place: &ForwardContext<'_>, to: &Destination, until: i64) -> Result<u64> {
    let _turn = folder::turn(place.data)?;
    let reader = Reader::open(place.database, None)?;
    let mut home = settled(place, &reader, &to.name)?;
    let units = &place.environment.units.by_code;
    let lines: Vec<(String, i64, String)> = reader
        .forward_candidates(&to.name)?
        .into_iter()
        .filter(|c| c.id <= until && !c.partly && to.takes(&c.standard, units.get(&c.hcode)))
        .map(|candidate| (to.name.clone(), candidate.id, candidate.received_at))
        .collect();
    (place.store)()?.record_forwarded(&lines)?;
    let ledger = ledger_of(&reader, &to.name)?;
    let unknown = home.record.unknown(|name| ledger.contains(&folder::place(&to.name, name)));
    home.record.add_settled(&unknown)?;
    home.record.add_begun(&stamp(place.now))?;
    Ok(lines.len() as u64)
}
