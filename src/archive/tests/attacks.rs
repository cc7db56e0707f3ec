//! Every way of breaking an archive, and the reason for which it is refused.

use super::{BARE, ROWS, SIGNED, SIGNED_WIDE, end, end64, person, plus, service, verdict, zip};
use crate::archive::Flaw;
use crate::archive::zipcraft::{Header, Part, UTF8, Zip, deflate, extra, unicode_path, zip64};
use crate::config::Limits;

/// What is done to the archive, its bytes, and why it is refused.
type Attack = (&'static str, Vec<u8>, Flaw);

fn cut(bytes: &[u8], from_end: usize) -> Vec<u8> {
    bytes[..bytes.len() - from_end].to_vec()
}

fn renamed(name: &[u8]) -> Vec<u8> {
    plus(service().both(|header| header.name = name.to_vec()))
}

fn local(alter: impl FnOnce(&mut Header)) -> Vec<u8> {
    plus(service().with(|part| alter(&mut part.local)))
}

/// Every byte of the two directories is honest but for the second entry's place.
fn moved(by: i64) -> Vec<u8> {
    let first = Zip::new([person()]).bytes();
    let second_at = first.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    plus(service().with(|part| part.offset = Some((second_at as i64 + by) as u32)))
}

fn unreadable() -> Vec<Attack> {
    let whole = zip().bytes();
    let commented = zip().with(|zip| zip.comment = b"from unit 12345".to_vec()).bytes();
    let mut headless = whole.clone();
    headless.drain(..40);
    vec![
        ("empty file", Vec::new(), Flaw::NotZip),
        ("text", b"HOSPCODE|PID\r\n".repeat(9), Flaw::NotZip),
        ("another format", b"Rar!\x1a\x07\x01\0 and so on".to_vec(), Flaw::NotZip),
        ("zeros", vec![0; 70_000], Flaw::NotZip),
        ("half", cut(&whole, whole.len() / 2), Flaw::Truncated),
        ("last byte lost", cut(&whole, 1), Flaw::Truncated),
        ("end record lost", cut(&whole, 22), Flaw::Truncated),
        ("comment cut", cut(&commented, 3), Flaw::Truncated),
        ("beginning lost", headless, Flaw::Truncated),
    ]
}

fn special() -> Vec<Attack> {
    let mode = |mode: u32| plus(service().with(|part| part.attributes = mode << 16));
    let flag = |bit: u16| plus(service().both(|header| header.flags |= 1 << bit));
    let method = |method: u16| plus(service().both(|header| header.method = method));
    vec![
        ("encrypted", flag(0), Flaw::Encrypted),
        ("strongly encrypted", flag(6), Flaw::Encrypted),
        ("encrypted directory", flag(13), Flaw::Encrypted),
        ("AES method", method(99), Flaw::Encrypted),
        (
            "AES extra",
            plus(service().both(|header| header.extra = extra(0x9901, &[0; 7]))),
            Flaw::Encrypted,
        ),
        (
            "AES extra in the local header",
            local(|header| header.extra = extra(0x9901, &[0; 7])),
            Flaw::Encrypted,
        ),
        ("patched data", flag(5), Flaw::Flags),
        ("deflate64", method(9), Flaw::Method),
        ("bzip2", method(12), Flaw::Method),
        ("zstd", method(93), Flaw::Method),
        ("split: disk", end(|end| end.disk = 1), Flaw::MultiDisk),
        ("split: directory disk", end(|end| end.directory_disk = 1), Flaw::MultiDisk),
        ("split: entry", plus(service().with(|part| part.disk = 1)), Flaw::MultiDisk),
        ("split: zip64", end64(|end| end.disk = 1), Flaw::MultiDisk),
        (
            "split: locator",
            zip().with(|zip| zip.end64 = Some(|_| {})).with(|zip| zip.locator = (0, 2)).bytes(),
            Flaw::MultiDisk,
        ),
        ("symlink", mode(0o120_777), Flaw::NotPlainFile),
        ("device", mode(0o020_666), Flaw::NotPlainFile),
        ("folder posing as a file", mode(0o040_755), Flaw::NotPlainFile),
        (
            "DOS folder posing as a file",
            plus(service().with(|part| part.attributes = 0x10)),
            Flaw::NotPlainFile,
        ),
        (
            "file posing as a folder",
            plus(Part::folder("a/").with(|part| part.attributes = 0o100_644 << 16)),
            Flaw::NotPlainFile,
        ),
        (
            "folder with data",
            plus(Part::stored("a/", b"x").with(|part| part.attributes = 0x10)),
            Flaw::FolderData,
        ),
    ]
}

fn names() -> Vec<Attack> {
    let nested = Zip::new([person()]).bytes();
    let spelled = |raw: &[u8], name: &str| {
        let field = unicode_path(raw, name);
        plus(service().both(|header| (header.name, header.extra) = (raw.to_vec(), field.clone())))
    };
    vec![
        ("climbing", renamed(b"../SERVICE.txt"), Flaw::Path),
        ("absolute", renamed(b"/SERVICE.txt"), Flaw::Path),
        ("drive", renamed(b"C:SERVICE.txt"), Flaw::Path),
        ("climbing by backslash", renamed(b"..\\SERVICE.txt"), Flaw::Path),
        ("climbing by both", renamed(b"a\\../SERVICE.txt"), Flaw::Path),
        ("climbing folder by backslash", plus(Part::folder("a\\..\\")), Flaw::Path),
        ("absolute by backslash", renamed(b"\\SERVICE.txt"), Flaw::Path),
        ("another machine", renamed(b"\\\\host\\share\\SERVICE.txt"), Flaw::Path),
        ("drive and backslash", renamed(b"C:\\SERVICE.txt"), Flaw::Path),
        ("three folders deep by backslash", renamed(b"a\\b\\c\\SERVICE.txt"), Flaw::Path),
        ("NUL", renamed(b"SERVICE.txt\0.png"), Flaw::Path),
        ("three folders deep", renamed(b"a/b/c/SERVICE.txt"), Flaw::Path),
        ("no name", renamed(b""), Flaw::Path),
        ("endless name", renamed(&[b'a'; 600]), Flaw::Path),
        (
            "not the UTF-8 promised",
            plus(service().both(|header| {
                (header.name, header.flags) = (b"\xa1.txt".to_vec(), UTF8);
            })),
            Flaw::Path,
        ),
        ("same name", renamed(b"PERSON.txt"), Flaw::Duplicate),
        ("same name in other case", renamed(b"person.TXT"), Flaw::Duplicate),
        ("same name behind a dot", renamed(b"./PERSON.txt"), Flaw::Duplicate),
        ("same name behind a dot and a backslash", renamed(b".\\PERSON.txt"), Flaw::Duplicate),
        (
            "same name by either separator",
            Zip::new([Part::stored("a/SERVICE.txt", ROWS), Part::stored("A\\SERVICE.txt", ROWS)])
                .bytes(),
            Flaw::Duplicate,
        ),
        ("file and folder of one name", plus(Part::folder("PERSON.txt/")), Flaw::Duplicate),
        ("file and folder by backslash", plus(Part::folder("PERSON.txt\\")), Flaw::Duplicate),
        ("Unicode path of another name", spelled(b"SERVICE.txt", "DEATH.txt"), Flaw::Extra),
        (
            "Unicode path for a stale name",
            plus(service().both(|header| {
                header.extra = unicode_path(b"X.txt", "SERVICE.txt");
            })),
            Flaw::Extra,
        ),
        ("Unicode path that climbs", spelled(b"\xa1\xa2/x.txt", "\u{e01}\\../x.txt"), Flaw::Extra),
        ("archive by name", renamed(b"old.ZIP"), Flaw::Nested),
        ("archive by name in a folder", renamed(b"a\\old.zip"), Flaw::Nested),
        ("archive by content", plus(Part::deflated("SERVICE.txt", &nested)), Flaw::Nested),
        ("stored archive by content", plus(Part::stored("SERVICE.txt", &nested)), Flaw::Nested),
        ("gzip by content", plus(Part::stored("a.dat", b"\x1f\x8b\x08\0\0\0")), Flaw::Nested),
        ("7z by content", plus(Part::stored("a.dat", b"7z\xbc\xaf\x27\x1c\0\0")), Flaw::Nested),
        ("rar by content", plus(Part::stored("a.dat", b"Rar!\x1a\x07\x01\0")), Flaw::Nested),
    ]
}

fn overlaps() -> Vec<Attack> {
    let twice = person().with(|part| {
        (part.no_local, part.offset) = (true, Some(0));
        part.central.name = b"DEATH.txt".to_vec();
    });
    let mut quine = vec![person()];
    quine.extend(
        (0..30).map(|copy| {
            twice.clone().both(|header| header.name = format!("{copy}.txt").into_bytes())
        }),
    );
    vec![
        ("one data for two entries", plus(twice), Flaw::Overlap),
        ("one data for many entries", Zip::new(quine).bytes(), Flaw::Overlap),
        ("header inside the data of another", moved(-5), Flaw::Overlap),
        ("header past the entry", moved(4), Flaw::Gap),
        (
            "header in the directory",
            plus(service().with(|part| part.offset = Some(u32::MAX - 1))),
            Flaw::Gap,
        ),
        (
            "data running into the directory",
            plus(service().both(|header| {
                (header.packed, header.inflated) = (header.packed + 9, header.inflated + 9);
            })),
            Flaw::Overlap,
        ),
        (
            "data ending early",
            plus(service().both(|header| {
                (header.packed, header.inflated) = (header.packed - 9, header.inflated - 9);
            })),
            Flaw::Gap,
        ),
    ]
}

fn gaps() -> Vec<Attack> {
    let streamed = |form, alter: fn(&mut Part)| plus(service().streamed(form).with(alter));
    vec![
        (
            "bytes before",
            Zip::new([person().with(|part| part.before = b"MZ".to_vec())]).bytes(),
            Flaw::Gap,
        ),
        ("bytes before, places not mended", [b"MZ".to_vec(), zip().bytes()].concat(), Flaw::Gap),
        ("split marker", [b"PK00".to_vec(), zip().bytes()].concat(), Flaw::Gap),
        ("bytes between", plus(service().with(|part| part.before = vec![0])), Flaw::Gap),
        (
            "hidden entry between",
            plus(service().with(|part| part.before = Zip::new([person()]).bytes()[..60].to_vec())),
            Flaw::Gap,
        ),
        ("bytes before the directory", zip().with(|zip| zip.gap = vec![0; 3]).bytes(), Flaw::Gap),
        (
            "bytes after the directory",
            zip().with(|zip| zip.late_gap = vec![0; 3]).bytes(),
            Flaw::Gap,
        ),
        ("bytes after", zip().with(|zip| zip.after = b"\n".to_vec()).bytes(), Flaw::Gap),
        ("many bytes after", zip().with(|zip| zip.after = vec![0; 200_000]).bytes(), Flaw::Gap),
        ("second archive after", zip().bytes().repeat(2), Flaw::Gap),
        (
            "end record in the comment",
            zip().with(|zip| zip.comment = Zip::new([]).bytes()).bytes(),
            Flaw::Gap,
        ),
        (
            "endless comment",
            zip().with(|zip| zip.comment = vec![b' '; 60_000]).bytes(),
            Flaw::Comment,
        ),
        (
            "bytes in an empty archive",
            Zip::new([]).with(|zip| zip.gap = vec![0; 3]).bytes(),
            Flaw::Gap,
        ),
        ("descriptor missing", streamed(SIGNED, |part| part.descriptor.clear()), Flaw::Gap),
        (
            "descriptor without its flag",
            plus(service().with(|part| part.descriptor = vec![0; 16])),
            Flaw::Gap,
        ),
        (
            "descriptor with bytes around",
            streamed(SIGNED, |part| part.descriptor.push(0)),
            Flaw::Gap,
        ),
        (
            "descriptor of another signature",
            streamed(SIGNED, |part| part.descriptor[3] = 9),
            Flaw::Mismatch,
        ),
        (
            "descriptor of another CRC",
            streamed(BARE, |part| part.descriptor[0] ^= 1),
            Flaw::Mismatch,
        ),
        (
            "descriptor of another size",
            streamed(SIGNED_WIDE, |part| part.descriptor[23] ^= 1),
            Flaw::Mismatch,
        ),
    ]
}

fn contradictions() -> Vec<Attack> {
    let many = |count: usize| Zip::new((0..count).map(|n| Part::stored(&format!("{n}.txt"), b"")));
    vec![
        ("local name", local(|header| header.name = b"DEATHS_.txt".to_vec()), Flaw::Mismatch),
        (
            "local name in other case",
            local(|header| header.name = b"service.txt".to_vec()),
            Flaw::Mismatch,
        ),
        ("local method", local(|header| header.method = 8), Flaw::Mismatch),
        ("local flags", local(|header| header.flags = UTF8), Flaw::Mismatch),
        ("local CRC", local(|header| header.crc ^= 1), Flaw::Mismatch),
        ("local CRC blank, not streamed", local(|header| header.crc = 0), Flaw::Mismatch),
        ("local size", local(|header| header.inflated += 1), Flaw::Mismatch),
        ("local packed size", local(|header| header.packed -= 1), Flaw::Mismatch),
        ("local signature", local(|header| header.signature[3] = 8), Flaw::Mismatch),
        (
            "streamed with another size",
            plus(service().streamed(SIGNED).with(|part| part.local.packed = 5)),
            Flaw::Mismatch,
        ),
        (
            "stored with two sizes",
            plus(service().both(|header| header.inflated += 1)),
            Flaw::Mismatch,
        ),
        ("one entry too many", end(|end| (end.here, end.entries) = (3, 3)), Flaw::Directory),
        ("one entry hidden", end(|end| (end.here, end.entries) = (1, 1)), Flaw::Directory),
        ("two counts", end(|end| end.here = 1), Flaw::Directory),
        ("count modulo 65,536", many(65_537).bytes(), Flaw::Directory),
        (
            "directory signature",
            plus(service().with(|part| part.central.signature[3] = 5)),
            Flaw::Directory,
        ),
        ("directory too short", end(|end| end.size -= 10), Flaw::Gap),
        ("zip64 count", end64(|end| (end.here, end.entries) = (3, 3)), Flaw::Directory),
        ("zip64 place", end64(|end| end.directory += 1), Flaw::Directory),
        (
            "zip64 locator gone astray",
            zip()
                .with(|zip| {
                    zip.late_gap = [b"PK\x06\x07".as_slice(), &[0; 12], &[1, 0, 0, 0]].concat();
                })
                .bytes(),
            Flaw::Directory,
        ),
        (
            "sentinel without zip64",
            plus(service().both(|header| header.packed = u32::MAX)),
            Flaw::Extra,
        ),
        (
            "zip64 of another size",
            plus(service().both(|header| header.extra = zip64(&[5, 5]))),
            Flaw::Extra,
        ),
        (
            "zip64 too long",
            plus(service().both(|header| header.extra = zip64(&[68, 68, 0, 0, 0]))),
            Flaw::Extra,
        ),
        (
            "zip64 twice",
            plus(service().both(|header| header.extra = zip64(&[]).repeat(2))),
            Flaw::Extra,
        ),
        (
            "extra running out",
            plus(service().both(|header| header.extra = vec![9, 9, 200, 0, 1])),
            Flaw::Extra,
        ),
        (
            "extra with a rest",
            plus(service().both(|header| header.extra = vec![0, 0, 0, 0, 7])),
            Flaw::Extra,
        ),
    ]
}

fn contents() -> Vec<Attack> {
    let packed = |data: Vec<u8>| {
        plus(Part::deflated("SERVICE.txt", ROWS).with(|part| part.data = data).both(|_| {}).with(
            |part| {
                part.local.packed = part.data.len() as u32;
                part.central.packed = part.local.packed;
            },
        ))
    };
    let sized = |by: i32| {
        plus(Part::deflated("SERVICE.txt", ROWS).both(|header| {
            header.inflated = header.inflated.wrapping_add_signed(by);
        }))
    };
    let stream = deflate(ROWS);
    vec![
        (
            "CRC",
            plus(Part::deflated("SERVICE.txt", ROWS).both(|header| header.crc ^= 1)),
            Flaw::Content,
        ),
        ("CRC of a stored entry", plus(service().both(|header| header.crc ^= 1)), Flaw::Content),
        (
            "CRC of nothing",
            plus(Part::stored("SERVICE.txt", b"").both(|header| header.crc = 1)),
            Flaw::Content,
        ),
        ("one flipped byte", plus(service().with(|part| part.data[20] ^= 1)), Flaw::Content),
        ("inflates to more", sized(-1), Flaw::Content),
        ("inflates to less", sized(1), Flaw::Content),
        ("not deflate", packed(vec![0xff; 50]), Flaw::Content),
        ("deflate cut", packed(cut(&stream, 2)), Flaw::Content),
        ("no deflate at all", packed(Vec::new()), Flaw::Content),
        (
            "bytes after the deflate stream",
            packed([stream.as_slice(), b"x"].concat()),
            Flaw::Content,
        ),
        ("deflate streams after another", packed(stream.repeat(2)), Flaw::Content),
        (
            "folder of bad deflate",
            plus(Part::deflated("a/", b"").with(|part| {
                (part.attributes, part.data) = (0x10, vec![0xff, 0xff]);
            })),
            Flaw::Content,
        ),
    ]
}

#[test]
fn every_attack_is_refused_for_its_own_reason() {
    let all = [unreadable(), special(), names(), overlaps(), gaps(), contradictions(), contents()];
    for (attack, bytes, flaw) in all.into_iter().flatten() {
        match verdict(&bytes, &Limits::default()) {
            Err(broken) => {
                assert_eq!(broken.flaw, flaw, "{attack}: {broken}");
                assert_eq!(broken.code, flaw.code());
            }
            Ok(_) => panic!("{attack}: accepted"),
        }
    }
}
