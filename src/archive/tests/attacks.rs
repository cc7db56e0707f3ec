//! Every way of breaking an archive, and the reason for which it is refused.

use super::{BARE, ROWS, SIGNED, SIGNED_WIDE, end, end64, person, plus, service, verdict, zip};
use crate::archive::ArchiveDefect;
use crate::archive::zipcraft::{Header, Part, UTF8, Zip, deflate, extra, unicode_path, zip64};
use crate::config::Limits;

/// What is done to the archive, its bytes, and why it is refused.
type Attack = (&'static str, Vec<u8>, ArchiveDefect);

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
        ("empty file", Vec::new(), ArchiveDefect::NotZip),
        ("text", b"HOSPCODE|PID\r\n".repeat(9), ArchiveDefect::NotZip),
        ("another format", b"Rar!\x1a\x07\x01\0 and so on".to_vec(), ArchiveDefect::NotZip),
        ("zeros", vec![0; 70_000], ArchiveDefect::NotZip),
        ("half", cut(&whole, whole.len() / 2), ArchiveDefect::Truncated),
        ("last byte lost", cut(&whole, 1), ArchiveDefect::Truncated),
        ("end record lost", cut(&whole, 22), ArchiveDefect::Truncated),
        ("comment cut", cut(&commented, 3), ArchiveDefect::Truncated),
        ("beginning lost", headless, ArchiveDefect::Truncated),
    ]
}

fn special() -> Vec<Attack> {
    let mode = |mode: u32| plus(service().with(|part| part.attributes = mode << 16));
    let flag = |bit: u16| plus(service().both(|header| header.flags |= 1 << bit));
    let method = |method: u16| plus(service().both(|header| header.method = method));
    vec![
        ("encrypted", flag(0), ArchiveDefect::Encrypted),
        ("strongly encrypted", flag(6), ArchiveDefect::Encrypted),
        ("encrypted directory", flag(13), ArchiveDefect::Encrypted),
        ("AES method", method(99), ArchiveDefect::Encrypted),
        (
            "AES extra",
            plus(service().both(|header| header.extra = extra(0x9901, &[0; 7]))),
            ArchiveDefect::Encrypted,
        ),
        (
            "AES extra in the local header",
            local(|header| header.extra = extra(0x9901, &[0; 7])),
            ArchiveDefect::Encrypted,
        ),
        ("patched data", flag(5), ArchiveDefect::Flags),
        ("deflate64", method(9), ArchiveDefect::Method),
        ("bzip2", method(12), ArchiveDefect::Method),
        ("zstd", method(93), ArchiveDefect::Method),
        ("split: disk", end(|end| end.disk = 1), ArchiveDefect::MultiDisk),
        ("split: directory disk", end(|end| end.directory_disk = 1), ArchiveDefect::MultiDisk),
        ("split: entry", plus(service().with(|part| part.disk = 1)), ArchiveDefect::MultiDisk),
        ("split: zip64", end64(|end| end.disk = 1), ArchiveDefect::MultiDisk),
        (
            "split: locator",
            zip().with(|zip| zip.end64 = Some(|_| {})).with(|zip| zip.locator = (0, 2)).bytes(),
            ArchiveDefect::MultiDisk,
        ),
        ("symlink", mode(0o120_777), ArchiveDefect::NotPlainFile),
        ("device", mode(0o020_666), ArchiveDefect::NotPlainFile),
        ("folder posing as a file", mode(0o040_755), ArchiveDefect::NotPlainFile),
        (
            "DOS folder posing as a file",
            plus(service().with(|part| part.attributes = 0x10)),
            ArchiveDefect::NotPlainFile,
        ),
        (
            "file posing as a folder",
            plus(Part::folder("a/").with(|part| part.attributes = 0o100_644 << 16)),
            ArchiveDefect::NotPlainFile,
        ),
        (
            "folder with data",
            plus(Part::stored("a/", b"x").with(|part| part.attributes = 0x10)),
            ArchiveDefect::FolderData,
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
        ("climbing", renamed(b"../SERVICE.txt"), ArchiveDefect::Path),
        ("absolute", renamed(b"/SERVICE.txt"), ArchiveDefect::Path),
        ("drive", renamed(b"C:SERVICE.txt"), ArchiveDefect::Path),
        ("climbing by backslash", renamed(b"..\\SERVICE.txt"), ArchiveDefect::Path),
        ("climbing by both", renamed(b"a\\../SERVICE.txt"), ArchiveDefect::Path),
        ("climbing folder by backslash", plus(Part::folder("a\\..\\")), ArchiveDefect::Path),
        ("absolute by backslash", renamed(b"\\SERVICE.txt"), ArchiveDefect::Path),
        ("another machine", renamed(b"\\\\host\\share\\SERVICE.txt"), ArchiveDefect::Path),
        ("drive and backslash", renamed(b"C:\\SERVICE.txt"), ArchiveDefect::Path),
        ("three folders deep by backslash", renamed(b"a\\b\\c\\SERVICE.txt"), ArchiveDefect::Path),
        ("NUL", renamed(b"SERVICE.txt\0.png"), ArchiveDefect::Path),
        ("three folders deep", renamed(b"a/b/c/SERVICE.txt"), ArchiveDefect::Path),
        ("no name", renamed(b""), ArchiveDefect::Path),
        ("endless name", renamed(&[b'a'; 600]), ArchiveDefect::Path),
        (
            "not the UTF-8 promised",
            plus(service().both(|header| {
                (header.name, header.flags) = (b"\xa1.txt".to_vec(), UTF8);
            })),
            ArchiveDefect::Path,
        ),
        ("same name", renamed(b"PERSON.txt"), ArchiveDefect::Duplicate),
        ("same name in other case", renamed(b"person.TXT"), ArchiveDefect::Duplicate),
        ("same name behind a dot", renamed(b"./PERSON.txt"), ArchiveDefect::Duplicate),
        (
            "same name behind a dot and a backslash",
            renamed(b".\\PERSON.txt"),
            ArchiveDefect::Duplicate,
        ),
        (
            "same name by either separator",
            Zip::new([Part::stored("a/SERVICE.txt", ROWS), Part::stored("A\\SERVICE.txt", ROWS)])
                .bytes(),
            ArchiveDefect::Duplicate,
        ),
        (
            "file and folder of one name",
            plus(Part::folder("PERSON.txt/")),
            ArchiveDefect::Duplicate,
        ),
        (
            "file and folder by backslash",
            plus(Part::folder("PERSON.txt\\")),
            ArchiveDefect::Duplicate,
        ),
        (
            "Unicode path of another name",
            spelled(b"SERVICE.txt", "DEATH.txt"),
            ArchiveDefect::Extra,
        ),
        (
            "Unicode path for a stale name",
            plus(service().both(|header| {
                header.extra = unicode_path(b"X.txt", "SERVICE.txt");
            })),
            ArchiveDefect::Extra,
        ),
        (
            "Unicode path that climbs",
            spelled(b"\xa1\xa2/x.txt", "\u{e01}\\../x.txt"),
            ArchiveDefect::Extra,
        ),
        ("archive by name", renamed(b"old.ZIP"), ArchiveDefect::Nested),
        ("archive by name in a folder", renamed(b"a\\old.zip"), ArchiveDefect::Nested),
        ("archive by content", plus(Part::deflated("SERVICE.txt", &nested)), ArchiveDefect::Nested),
        (
            "stored archive by content",
            plus(Part::stored("SERVICE.txt", &nested)),
            ArchiveDefect::Nested,
        ),
        (
            "gzip by content",
            plus(Part::stored("a.dat", b"\x1f\x8b\x08\0\0\0")),
            ArchiveDefect::Nested,
        ),
        (
            "7z by content",
            plus(Part::stored("a.dat", b"7z\xbc\xaf\x27\x1c\0\0")),
            ArchiveDefect::Nested,
        ),
        (
            "rar by content",
            plus(Part::stored("a.dat", b"Rar!\x1a\x07\x01\0")),
            ArchiveDefect::Nested,
        ),
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
        ("one data for two entries", plus(twice), ArchiveDefect::Overlap),
        ("one data for many entries", Zip::new(quine).bytes(), ArchiveDefect::Overlap),
        ("header inside the data of another", moved(-5), ArchiveDefect::Overlap),
        ("header past the entry", moved(4), ArchiveDefect::Gap),
        (
            "header in the directory",
            plus(service().with(|part| part.offset = Some(u32::MAX - 1))),
            ArchiveDefect::Gap,
        ),
        (
            "data running into the directory",
            plus(service().both(|header| {
                (header.packed, header.inflated) = (header.packed + 9, header.inflated + 9);
            })),
            ArchiveDefect::Overlap,
        ),
        (
            "data ending early",
            plus(service().both(|header| {
                (header.packed, header.inflated) = (header.packed - 9, header.inflated - 9);
            })),
            ArchiveDefect::Gap,
        ),
    ]
}

fn gaps() -> Vec<Attack> {
    let streamed = |form, alter: fn(&mut Part)| plus(service().streamed(form).with(alter));
    vec![
        (
            "bytes before",
            Zip::new([person().with(|part| part.before = b"MZ".to_vec())]).bytes(),
            ArchiveDefect::Gap,
        ),
        (
            "bytes before, places not fixed",
            [b"MZ".to_vec(), zip().bytes()].concat(),
            ArchiveDefect::Gap,
        ),
        ("split marker", [b"PK00".to_vec(), zip().bytes()].concat(), ArchiveDefect::Gap),
        ("bytes between", plus(service().with(|part| part.before = vec![0])), ArchiveDefect::Gap),
        (
            "hidden entry between",
            plus(service().with(|part| part.before = Zip::new([person()]).bytes()[..60].to_vec())),
            ArchiveDefect::Gap,
        ),
        (
            "bytes before the directory",
            zip().with(|zip| zip.gap = vec![0; 3]).bytes(),
            ArchiveDefect::Gap,
        ),
        (
            "bytes after the directory",
            zip().with(|zip| zip.late_gap = vec![0; 3]).bytes(),
            ArchiveDefect::Gap,
        ),
        ("bytes after", zip().with(|zip| zip.after = b"\n".to_vec()).bytes(), ArchiveDefect::Gap),
        (
            "many bytes after",
            zip().with(|zip| zip.after = vec![0; 200_000]).bytes(),
            ArchiveDefect::Gap,
        ),
        ("second archive after", zip().bytes().repeat(2), ArchiveDefect::Gap),
        (
            "end record in the comment",
            zip().with(|zip| zip.comment = Zip::new([]).bytes()).bytes(),
            ArchiveDefect::Gap,
        ),
        (
            "endless comment",
            zip().with(|zip| zip.comment = vec![b' '; 60_000]).bytes(),
            ArchiveDefect::Comment,
        ),
        (
            "bytes in an empty archive",
            Zip::new([]).with(|zip| zip.gap = vec![0; 3]).bytes(),
            ArchiveDefect::Gap,
        ),
        (
            "descriptor missing",
            streamed(SIGNED, |part| part.descriptor.clear()),
            ArchiveDefect::Gap,
        ),
        (
            "descriptor without its flag",
            plus(service().with(|part| part.descriptor = vec![0; 16])),
            ArchiveDefect::Gap,
        ),
        (
            "descriptor with bytes around",
            streamed(SIGNED, |part| part.descriptor.push(0)),
            ArchiveDefect::Gap,
        ),
        (
            "descriptor of another signature",
            streamed(SIGNED, |part| part.descriptor[3] = 9),
            ArchiveDefect::Mismatch,
        ),
        (
            "descriptor of another CRC",
            streamed(BARE, |part| part.descriptor[0] ^= 1),
            ArchiveDefect::Mismatch,
        ),
        (
            "descriptor of another size",
            streamed(SIGNED_WIDE, |part| part.descriptor[23] ^= 1),
            ArchiveDefect::Mismatch,
        ),
    ]
}

fn contradictions() -> Vec<Attack> {
    let many = |count: usize| Zip::new((0..count).map(|n| Part::stored(&format!("{n}.txt"), b"")));
    vec![
        (
            "local name",
            local(|header| header.name = b"DEATHS_.txt".to_vec()),
            ArchiveDefect::Mismatch,
        ),
        (
            "local name in other case",
            local(|header| header.name = b"service.txt".to_vec()),
            ArchiveDefect::Mismatch,
        ),
        ("local method", local(|header| header.method = 8), ArchiveDefect::Mismatch),
        ("local flags", local(|header| header.flags = UTF8), ArchiveDefect::Mismatch),
        ("local CRC", local(|header| header.crc ^= 1), ArchiveDefect::Mismatch),
        ("local CRC blank, not streamed", local(|header| header.crc = 0), ArchiveDefect::Mismatch),
        ("local size", local(|header| header.inflated += 1), ArchiveDefect::Mismatch),
        ("local packed size", local(|header| header.packed -= 1), ArchiveDefect::Mismatch),
        ("local signature", local(|header| header.signature[3] = 8), ArchiveDefect::Mismatch),
        (
            "streamed with another size",
            plus(service().streamed(SIGNED).with(|part| part.local.packed = 5)),
            ArchiveDefect::Mismatch,
        ),
        (
            "stored with two sizes",
            plus(service().both(|header| header.inflated += 1)),
            ArchiveDefect::Mismatch,
        ),
        (
            "one entry too many",
            end(|end| (end.here, end.entries) = (3, 3)),
            ArchiveDefect::Directory,
        ),
        ("one entry hidden", end(|end| (end.here, end.entries) = (1, 1)), ArchiveDefect::Directory),
        ("two counts", end(|end| end.here = 1), ArchiveDefect::Directory),
        ("count modulo 65,536", many(65_537).bytes(), ArchiveDefect::Directory),
        (
            "directory signature",
            plus(service().with(|part| part.central.signature[3] = 5)),
            ArchiveDefect::Directory,
        ),
        ("directory too short", end(|end| end.size -= 10), ArchiveDefect::Gap),
        ("zip64 count", end64(|end| (end.here, end.entries) = (3, 3)), ArchiveDefect::Directory),
        ("zip64 place", end64(|end| end.directory += 1), ArchiveDefect::Directory),
        (
            "zip64 locator gone astray",
            zip()
                .with(|zip| {
                    zip.late_gap = [b"PK\x06\x07".as_slice(), &[0; 12], &[1, 0, 0, 0]].concat();
                })
                .bytes(),
            ArchiveDefect::Directory,
        ),
        (
            "sentinel without zip64",
            plus(service().both(|header| header.packed = u32::MAX)),
            ArchiveDefect::Extra,
        ),
        (
            "zip64 of another size",
            plus(service().both(|header| header.extra = zip64(&[5, 5]))),
            ArchiveDefect::Extra,
        ),
        (
            "zip64 too long",
            plus(service().both(|header| header.extra = zip64(&[68, 68, 0, 0, 0]))),
            ArchiveDefect::Extra,
        ),
        (
            "zip64 twice",
            plus(service().both(|header| header.extra = zip64(&[]).repeat(2))),
            ArchiveDefect::Extra,
        ),
        (
            "extra running out",
            plus(service().both(|header| header.extra = vec![9, 9, 200, 0, 1])),
            ArchiveDefect::Extra,
        ),
        (
            "extra with a rest",
            plus(service().both(|header| header.extra = vec![0, 0, 0, 0, 7])),
            ArchiveDefect::Extra,
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
            ArchiveDefect::Content,
        ),
        (
            "CRC of a stored entry",
            plus(service().both(|header| header.crc ^= 1)),
            ArchiveDefect::Content,
        ),
        (
            "CRC of nothing",
            plus(Part::stored("SERVICE.txt", b"").both(|header| header.crc = 1)),
            ArchiveDefect::Content,
        ),
        (
            "one flipped byte",
            plus(service().with(|part| part.data[20] ^= 1)),
            ArchiveDefect::Content,
        ),
        ("inflates to more", sized(-1), ArchiveDefect::Content),
        ("inflates to less", sized(1), ArchiveDefect::Content),
        ("not deflate", packed(vec![0xff; 50]), ArchiveDefect::Content),
        ("deflate cut", packed(cut(&stream, 2)), ArchiveDefect::Content),
        ("no deflate at all", packed(Vec::new()), ArchiveDefect::Content),
        (
            "bytes after the deflate stream",
            packed([stream.as_slice(), b"x"].concat()),
            ArchiveDefect::Content,
        ),
        ("deflate streams after another", packed(stream.repeat(2)), ArchiveDefect::Content),
        (
            "folder of bad deflate",
            plus(Part::deflated("a/", b"").with(|part| {
                (part.attributes, part.data) = (0x10, vec![0xff, 0xff]);
            })),
            ArchiveDefect::Content,
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
