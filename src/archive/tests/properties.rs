//! Any bytes, and honest archives with a few bytes changed.

use std::io::{Cursor, Read, Write};

use proptest::prelude::*;

use super::{ROWS, verdict, zip};
use crate::archive::zipcraft::{Descriptor, Part, Zip};
use crate::config::Limits;

/// What the crate that others use makes of the same bytes.
fn peer(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..archive.len())
        .map(|index| {
            let mut content = Vec::new();
            archive.by_index(index).unwrap().read_to_end(&mut content).unwrap();
            content
        })
        .collect()
}

#[derive(Debug, Clone)]
enum Mutation {
    Set(u8),
    Flip(u8),
    Blank(usize),
    Insert(Vec<u8>),
    Delete(usize),
    Copy(usize, usize),
}

fn mutate(bytes: &mut Vec<u8>, place: prop::sample::Index, mutation: &Mutation) {
    if bytes.is_empty() {
        return;
    }
    let at = place.index(bytes.len());
    match mutation {
        Mutation::Set(value) => bytes[at] = *value,
        Mutation::Flip(bit) => bytes[at] ^= 1 << (bit % 8),
        Mutation::Blank(count) => {
            bytes.iter_mut().skip(at).take(*count).for_each(|byte| *byte = 0xff);
        }
        Mutation::Insert(more) => drop(bytes.splice(at..at, more.iter().copied())),
        Mutation::Delete(count) => drop(bytes.drain(at..bytes.len().min(at + count))),
        Mutation::Copy(from, count) => {
            let from = from % bytes.len();
            let stretch: Vec<u8> = bytes[from..].iter().take(*count).copied().collect();
            bytes.iter_mut().skip(at).zip(stretch).for_each(|(byte, copy)| *byte = copy);
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    prop_oneof![
        4 => any::<u8>().prop_map(Mutation::Set),
        4 => any::<u8>().prop_map(Mutation::Flip),
        1 => (1_usize..9).prop_map(Mutation::Blank),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Mutation::Insert),
        1 => (1_usize..40).prop_map(Mutation::Delete),
        2 => (any::<usize>(), 1_usize..60).prop_map(|(from, count)| Mutation::Copy(from, count)),
    ]
}

/// Honest archives of all forms, made of random members.
fn honest() -> impl Strategy<Value = Zip> {
    let part =
        (0_usize..4, prop::collection::vec(0x20_u8..0x7f, 0..300), any::<bool>(), any::<bool>());
    (prop::collection::vec(part, 0..4), any::<bool>()).prop_map(|(parts, wide_end)| {
        let parts = parts.into_iter().enumerate().map(|(index, (form, content, signed, wide))| {
            let name = format!("{}M{index}.txt", ["", "a/", "ก/", "a/b/"][form]);
            match form {
                0 => Part::stored(&name, &content),
                1 => Part::deflated(&name, &content),
                _ => Part::deflated(&name, &content).streamed(Descriptor { signed, wide }),
            }
        });
        Zip::new(parts).with(|zip| zip.end64 = wide_end.then_some(|_| {}))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_in_peace(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(verdict(&bytes, &Limits::default()).is_err());
    }

    #[test]
    fn any_bytes_around_an_end_record_do_not_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..200), size in 0_u32..200, count in 0_u16..4,
    ) {
        let directory = (bytes.len() as u32).saturating_sub(size);
        bytes.extend(b"PK\x05\x06\0\0\0\0");
        bytes.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
        bytes.extend([size.to_le_bytes(), directory.to_le_bytes()].concat());
        bytes.extend([0, 0]);
        let _ = verdict(&bytes, &Limits::default());
    }

    #[test]
    fn what_is_accepted_reads_as_in_the_zip_crate(
        zip in honest(),
        mutations in prop::collection::vec((any::<prop::sample::Index>(), mutation()), 0..3),
    ) {
        let mut bytes = zip.bytes();
        for (place, mutation) in &mutations {
            mutate(&mut bytes, *place, mutation);
        }
        let limits = Limits { entries: 10, inflated_bytes: 1 << 16, ..Limits::default() };
        match verdict(&bytes, &limits) {
            Ok(contents) => {
                prop_assert!(contents.len() <= 10);
                prop_assert!(contents.iter().map(|(_, content)| content.len()).sum::<usize>() <= 1 << 16);
                let ours: Vec<Vec<u8>> = contents.into_iter().map(|(_, content)| content).collect();
                prop_assert_eq!(ours, peer(&bytes));
            }
            Err(broken) => prop_assert!(!mutations.is_empty(), "honest, but {}", broken),
        }
    }

    #[test]
    fn what_the_zip_crate_writes_is_read(
        members in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..2_000), any::<bool>()), 0..5),
    ) {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (index, (content, stored)) in members.iter().enumerate() {
            let method = if *stored { zip::CompressionMethod::Stored } else { zip::CompressionMethod::Deflated };
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            writer.start_file(format!("M{index}.txt"), options).unwrap();
            // A first letter, so that no random content is taken for an archive.
            writer.write_all(b"x").unwrap();
            writer.write_all(content).unwrap();
        }
        let bytes = writer.finish().unwrap().into_inner();
        let contents = verdict(&bytes, &Limits::default()).unwrap();
        for ((_, ours), (content, _)) in contents.iter().zip(&members) {
            prop_assert_eq!(&ours[1..], &content[..]);
        }
        prop_assert_eq!(contents.len(), members.len());
    }
}

#[test]
fn the_zip_crate_reads_what_the_kit_builds() {
    assert_eq!(peer(&zip().bytes()), [ROWS, ROWS]);
}
