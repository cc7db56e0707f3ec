//! Every form that honest writers of zip give to an archive.

use super::{
    BARE, BARE_WIDE, ROWS, SIGNED, SIGNED_WIDE, file, person, plus, service, verdict, zip,
};
use crate::archive::Archive;
use crate::archive::zipcraft::{End, Header, Part, UTF8, Zip, extra, unicode_path, zip64};
use crate::config::Limits;

/// Where sizes and CRC may stand.
fn sizes() -> Vec<(&'static str, Part)> {
    let deflated = || Part::deflated("SERVICE.txt", ROWS);
    let size = ROWS.len() as u64;
    let wide_local = |part: Part| {
        part.with(|part| {
            part.local.extra = zip64(&[part.central.inflated.into(), part.central.packed.into()]);
            (part.local.packed, part.local.inflated) = (u32::MAX, u32::MAX);
        })
    };
    let wide = |part: Part| {
        wide_local(part).with(|part| {
            part.central.extra = zip64(&[part.central.inflated.into(), part.central.packed.into()]);
            (part.central.packed, part.central.inflated) = (u32::MAX, u32::MAX);
        })
    };
    let blank = |blank: u64| {
        service().streamed(SIGNED_WIDE).with(|part| {
            part.local.extra = zip64(&[blank, blank]);
            (part.local.packed, part.local.inflated) = (u32::MAX, u32::MAX);
        })
    };
    vec![
        ("stored", service()),
        ("deflated", deflated()),
        ("streamed, descriptor signed", deflated().streamed(SIGNED)),
        ("streamed, descriptor bare", deflated().streamed(BARE)),
        ("streamed, descriptor wide", deflated().streamed(SIGNED_WIDE)),
        ("streamed, descriptor wide and bare", deflated().streamed(BARE_WIDE)),
        ("streamed and stored", service().streamed(SIGNED)),
        (
            "streamed, local header filled in later",
            deflated().streamed(SIGNED).with(|part| {
                part.local = Header { signature: *b"PK\x03\x04", ..part.central.clone() };
            }),
        ),
        ("streamed in zip64, blanks of zero", blank(0)),
        ("streamed in zip64, blanks of ones", blank(u64::MAX)),
        ("zip64 for a small file", wide(deflated())),
        ("zip64 in the local header only", wide_local(deflated())),
        (
            "zip64 that replaces nothing",
            service().with(|part| part.central.extra = zip64(&[size, size])),
        ),
    ]
}

/// What else may differ in the headers.
fn headers() -> Vec<(&'static str, Part)> {
    let deflated = || Part::deflated("SERVICE.txt", ROWS);
    let stamps =
        [extra(0x5455, &[3; 9]), extra(0x7875, &[1, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0])].concat();
    let thai = |name: &[u8]| service().both(|header| header.name = name.to_vec());
    vec![
        ("hard-tried deflate", deflated().both(|header| header.flags |= 2)),
        ("timestamps and owner", service().both(|header| header.extra = stamps.clone())),
        ("padding in the extra field", service().with(|part| part.local.extra = vec![0; 3])),
        ("comment of an entry", service().with(|part| part.comment = b"rows".to_vec())),
        ("UTF-8 flag on an ASCII name", service().both(|header| header.flags |= UTF8)),
        ("UTF-8 name", Part::stored("รายงาน/SERVICE.txt", ROWS)),
        ("TIS-620 name", thai(b"\xc3\xd2\xc2.txt")),
        ("CP437 name", thai(b"caf\x82.txt")),
        (
            "TIS-620 name with its Unicode path",
            thai(b"\xc3\xd2\xc2.txt").both(|header| {
                header.extra = unicode_path(b"\xc3\xd2\xc2.txt", "ราย.txt");
            }),
        ),
        (
            "Unicode path that repeats the name",
            service().both(|header| {
                header.extra = unicode_path(b"SERVICE.txt", "SERVICE.txt");
            }),
        ),
        ("two folders deep", Part::stored("a/b/SERVICE.txt", ROWS)),
        ("made on Windows", service().with(|part| (part.made_by, part.attributes) = (20, 0x20))),
        ("packed from a pipe", service().with(|part| part.attributes = 0o010_600 << 16)),
        ("without attributes", service().with(|part| (part.made_by, part.attributes) = (20, 0))),
    ]
}

#[test]
fn every_honest_form_is_read() {
    for (form, part) in sizes().into_iter().chain(headers()) {
        let contents = verdict(&plus(part), &Limits::default())
            .unwrap_or_else(|broken| panic!("{form}: {broken}"));
        assert_eq!(contents.len(), 2, "{form}");
        assert!(contents.iter().all(|(_, content)| content == ROWS), "{form}");
    }
}

#[test]
fn every_honest_whole_is_read() {
    let java_folder = Part::deflated("a/", b"").streamed(SIGNED).with(|part| part.attributes = 0);
    let swapped = {
        let mut zip = zip();
        let first = Zip::new([person()]).bytes();
        let second_at = first.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        (zip.parts[0].central, zip.parts[1].central) = (service().central, person().central);
        (zip.parts[0].offset, zip.parts[1].offset) = (Some(second_at as u32), Some(0));
        zip
    };
    let wholes: Vec<(&str, Zip, usize)> = vec![
        ("two members", zip(), 2),
        ("no entries", Zip::new([]), 0),
        ("empty members", Zip::new([Part::stored("A.txt", b""), Part::deflated("B.txt", b"")]), 2),
        (
            "folders",
            Zip::new([
                Part::folder("a/"),
                Part::folder("a/b/"),
                person(),
                java_folder.both(|header| header.name = b"c/".to_vec()),
            ]),
            4,
        ),
        ("comment", zip().with(|zip| zip.comment = "หน่วย 12345".into()), 2),
        ("zip64 end record", zip().with(|zip| zip.end64 = Some(|_| {})), 2),
        (
            "zip64 end record, the old one blank",
            zip().with(|zip| {
                zip.end64 = Some(|_| {});
                zip.end = |end| {
                    *end = End {
                        disk: 0,
                        directory_disk: 0,
                        here: 65_535,
                        entries: 65_535,
                        size: u64::MAX,
                        directory: u64::MAX,
                    };
                };
            }),
            2,
        ),
        ("directory in another order than the data", swapped, 2),
    ];
    for (form, zip, entries) in wholes {
        let contents = verdict(&zip.bytes(), &Limits::default())
            .unwrap_or_else(|broken| panic!("{form}: {broken}"));
        assert_eq!(contents.len(), entries, "{form}");
    }
    let many = Zip::new((0..70_000).map(|n| Part::stored(&format!("{n}.txt"), b"")));
    let many = many.with(|zip| zip.end64 = Some(|_| {})).with(|zip| {
        zip.end = |end| (end.here, end.entries) = (65_535, 65_535);
    });
    let archive =
        Archive::from_file(file(&many.bytes()), &Limits { entries: 70_000, ..Limits::default() });
    assert_eq!(archive.unwrap().entries().len(), 70_000);
}
