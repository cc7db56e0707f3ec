//! The scan of an archive, and the readers of its entries. What is accepted
//! keeps the limits, and reads the same in the crate that others use.
#![no_main]

use std::io::{Cursor, Read};

use khlang::archive::{Archive, ReadError};
use khlang::config::Limits;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits =
        Limits { entries: 20, inflated_bytes: 3 << 20, member_bytes: 2 << 20, ..Limits::default() };
    let path = khlang_fuzz::folder().join("archive.zip");
    std::fs::write(&path, data).expect("the folder can be written to");
    let Ok(archive) = Archive::open(&path, &limits) else { return };
    assert!(archive.entries().len() as u64 <= limits.entries);
    let mut peer = zip::ZipArchive::new(Cursor::new(data)).expect("accepted, so it is a zip");
    assert_eq!(peer.len(), archive.entries().len(), "entries of the zip crate");
    let mut total = 0;
    let mut whole = true;
    for entry in archive.entries() {
        let name = peer.by_index_raw(entry.index).expect("an entry").name_raw().to_vec();
        if name.is_ascii() {
            assert_eq!(name, entry.name.as_bytes(), "names");
        }
        assert!(!entry.base.contains(['/', '\\', '\0']), "{:?} is no name", entry.base);
        let mut ours = Vec::new();
        let mut reader = archive.reader(entry.index).expect("an entry");
        match reader.read_to_end(&mut ours) {
            Ok(_) => {
                assert_eq!(ours.len() as u64, entry.inflated, "as declared");
                let mut theirs = Vec::new();
                let mut other = peer.by_index(entry.index).expect("an entry");
                other.read_to_end(&mut theirs).expect("whole, so others read it");
                assert!(ours == theirs, "contents of {:?}", entry.name);
            }
            Err(error) => {
                whole = false;
                let trouble = ReadError::from(error);
                assert!(matches!(trouble, ReadError::Broken(_)), "not the disk: {trouble:?}");
                // After a fault every read repeats it.
                assert!(reader.read(&mut [0; 8]).is_err(), "a fault is forgotten");
            }
        }
        assert!(ours.len() as u64 <= limits.member_bytes, "more than a member may have");
        total += ours.len() as u64;
        assert!(total <= limits.inflated_bytes, "more than an archive may have");
    }
    if whole {
        // What was read once reads the same again, and counts once.
        for entry in archive.entries() {
            let mut reader = archive.reader(entry.index).expect("an entry");
            let again = std::io::copy(&mut reader, &mut std::io::sink()).expect("read before");
            assert_eq!(again, entry.inflated);
        }
    }
});
