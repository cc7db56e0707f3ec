//! Tests of the whole module: every way of breaking an archive, every honest
//! form, and any bytes at all.

mod attacks;
mod honest;
mod properties;

use std::fs::File;
use std::io::{Read, Write};

use super::zipcraft::{Descriptor, End, Part, STREAMED, Zip, deflate};
use super::{Archive, ArchiveDefect, ArchiveError, ReadError};
use crate::config::Limits;
use crate::problem_code::ProblemCode;

const ROWS: &[u8] = b"HOSPCODE|PID|CID\r\n12345|1|1234567890121\r\n12345|2|1234567890121\r\n";
const SIGNED: Descriptor = Descriptor { signed: true, wide: false };
const BARE: Descriptor = Descriptor { signed: false, wide: false };
const SIGNED_WIDE: Descriptor = Descriptor { signed: true, wide: true };
const BARE_WIDE: Descriptor = Descriptor { signed: false, wide: true };

fn file(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// Opens and reads everything, every entry twice: names and contents.
fn verdict(bytes: &[u8], limits: &Limits) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
    let read = || -> Result<_, ReadError> {
        let archive = Archive::from_file(file(bytes), limits)?;
        let mut contents = Vec::new();
        for entry in archive.entries() {
            let mut content = Vec::new();
            archive.reader(entry.index)?.read_to_end(&mut content)?;
            let mut again = Vec::new();
            archive.reader(entry.index)?.read_to_end(&mut again)?;
            assert_eq!(content, again);
            assert_eq!(content.len() as u64, entry.inflated);
            contents.push((entry.name.clone(), content));
        }
        Ok(contents)
    };
    read().map_err(|trouble| match trouble {
        ReadError::Broken(broken) => broken,
        ReadError::Io(error) => panic!("the disk is not to blame: {error}"),
    })
}

fn person() -> Part {
    Part::deflated("PERSON.txt", ROWS)
}

fn service() -> Part {
    Part::stored("SERVICE.txt", ROWS)
}

fn zip() -> Zip {
    Zip::new([person(), service()])
}

/// A good first entry and the given one.
fn plus(part: Part) -> Vec<u8> {
    Zip::new([person(), part]).bytes()
}

fn end(alter: fn(&mut End)) -> Vec<u8> {
    zip().with(|zip| zip.end = alter).bytes()
}

fn end64(alter: fn(&mut End)) -> Vec<u8> {
    zip().with(|zip| zip.end64 = Some(alter)).bytes()
}

/// One of the limits.
type Field = fn(&mut Limits) -> &mut u64;

#[test]
fn every_limit_holds_at_its_edge() {
    let zeros = vec![b'0'; 3 << 20];
    let bytes = Zip::new([Part::deflated("A.txt", &zeros), Part::stored("B.txt", ROWS)]).bytes();
    let packed = deflate(&zeros).len() as u64;
    let plain = Limits { ratio: 100_000, ..Limits::default() };
    let (one, all) = (zeros.len() as u64, (zeros.len() + ROWS.len()) as u64);
    let cases: [(ArchiveDefect, u64, Field); 5] = [
        (ArchiveDefect::ArchiveBytes, bytes.len() as u64, |limits| &mut limits.archive_bytes),
        (ArchiveDefect::Entries, 2, |limits| &mut limits.entries),
        (ArchiveDefect::MemberBytes, one, |limits| &mut limits.member_bytes),
        (ArchiveDefect::InflatedBytes, all, |limits| &mut limits.inflated_bytes),
        (ArchiveDefect::Ratio, one.div_ceil(packed), |limits| &mut limits.ratio),
    ];
    for (flaw, edge, field) in cases {
        let mut limits = plain.clone();
        *field(&mut limits) = edge;
        verdict(&bytes, &limits).unwrap();
        *field(&mut limits) = edge - 1;
        let broken = verdict(&bytes, &limits).unwrap_err();
        assert_eq!((broken.flaw, broken.code), (flaw, ProblemCode::TooLarge), "{broken}");
    }
}

#[test]
fn a_bomb_that_declares_little_is_over_the_limit_and_a_lie_is_a_lie() {
    let bomb = |megabytes: usize| {
        let part = Part::deflated("A.txt", &vec![b'0'; megabytes << 20]);
        Zip::new([part.both(|header| header.inflated = 100)]).bytes()
    };
    let flaw = |limits: &Limits| verdict(&bomb(4), limits).unwrap_err().flaw;
    let roomy = Limits { ratio: 100_000, ..Limits::default() };
    assert_eq!(flaw(&roomy), ArchiveDefect::Content);
    assert_eq!(flaw(&Limits::default()), ArchiveDefect::Ratio);
    assert_eq!(
        flaw(&Limits { member_bytes: 1 << 20, ..roomy.clone() }),
        ArchiveDefect::MemberBytes
    );
    assert_eq!(flaw(&Limits { inflated_bytes: 1 << 20, ..roomy }), ArchiveDefect::InflatedBytes);
}

#[test]
fn names_are_shown_but_are_no_paths() {
    let archive =
        Archive::from_file(file(&plus(Part::stored("ก/SERVICE.txt", ROWS))), &Limits::default())
            .unwrap();
    let entry = &archive.entries()[1];
    assert_eq!(
        (entry.index, entry.name.as_str(), entry.base.as_str()),
        (1, "ก/SERVICE.txt", "SERVICE.txt")
    );
    assert_eq!(
        (entry.packed, entry.inflated, entry.is_dir),
        (ROWS.len() as u64, ROWS.len() as u64, false)
    );
}

#[test]
fn a_backslash_separates_folders_as_a_slash_does() {
    let zip = Zip::new([
        Part::folder("F43_10953_20141201080000\\"),
        Part::stored("F43_10953_20141201080000\\SERVICE.txt", ROWS),
    ]);
    let archive = Archive::from_file(file(&zip.bytes()), &Limits::default()).unwrap();
    let seen: Vec<_> =
        archive.entries().iter().map(|entry| (entry.base.as_str(), entry.is_dir)).collect();
    assert_eq!(seen, [("F43_10953_20141201080000", true), ("SERVICE.txt", false)]);
    assert_eq!(archive.entries()[1].name, "F43_10953_20141201080000\\SERVICE.txt", "as sent");
}

#[test]
fn a_file_that_shrinks_is_not_the_senders_fault() {
    let rows = ROWS.repeat(5_000);
    let bytes = Zip::new([Part::stored("PERSON.txt", &rows)]).bytes();
    let file = file(&bytes);
    let archive = Archive::from_file(file.try_clone().unwrap(), &Limits::default()).unwrap();
    let mut reader = archive.reader(0).unwrap();
    file.set_len(1_000).unwrap();
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert!(matches!(ReadError::from(error), ReadError::Io(_)));
    assert!(matches!(archive.reader(1), Err(ReadError::Io(_))));
    let gone = Archive::open(std::path::Path::new("/nowhere/F21.zip"), &Limits::default());
    assert!(matches!(gone, Err(ReadError::Io(_))));
}

/// Why `reader.rs` reads members, and not the `zip` crate: when the crate sees
/// these, it can take its place.
#[test]
fn the_zip_crate_reads_members_that_are_not_as_their_headers_say() {
    let stream = deflate(ROWS);
    let followed_by = |behind: &[u8]| {
        person().with(|part| {
            part.data = [&stream, behind].concat();
            part.local.packed = part.data.len() as u32;
            part.central.packed = part.local.packed;
        })
    };
    let declared = |by| person().both(|header| header.inflated += by);
    for part in [followed_by(b"x"), followed_by(&stream), declared(1)] {
        let bytes = Zip::new([part]).bytes();
        let broken = verdict(&bytes, &Limits::default()).unwrap_err();
        assert_eq!(broken.flaw, ArchiveDefect::Content, "{broken}");
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut content = Vec::new();
        archive.by_index(0).unwrap().read_to_end(&mut content).unwrap();
        assert_eq!(content, ROWS, "{broken}");
    }
}

#[test]
fn a_fault_is_repeated_and_readers_go_to_other_threads() {
    let bytes = Zip::new([person().both(|header| header.crc ^= 1)]).bytes();
    let archive = Archive::from_file(file(&bytes), &Limits::default()).unwrap();
    let mut reader = archive.reader(0).unwrap();
    let reads =
        move || [0, 1].map(|_| reader.read_to_end(&mut Vec::new()).unwrap_err().to_string());
    let [first, second] = std::thread::spawn(reads).join().unwrap();
    assert_eq!(
        (first.as_str(), second.as_str()),
        ("A02: PERSON.txt: CRC mismatch", "A02: PERSON.txt: CRC mismatch")
    );
}

#[test]
fn a_hash_is_that_of_the_whole_file() {
    let mut named = tempfile::NamedTempFile::new().unwrap();
    named.write_all(b"abc").unwrap();
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(super::sha256_file(named.path()).unwrap(), (hash.to_owned(), 3));
}

#[test]
fn the_kit_marks_what_it_streams() {
    assert!(person().streamed(SIGNED).local.flags & STREAMED != 0);
}
