//! What a case's `hostile` key does to its zip.

use std::io::{Cursor, Write as _};

use crate::support::zipcraft::{Part, Zip};

type Members = [(String, Vec<u8>)];

/// The bytes of the archive after the recipe.
pub fn bytes(recipe: &str, members: &Members) -> Vec<u8> {
    let parts = || members.iter().map(|(name, bytes)| Part::deflated(name, bytes));
    let with = |part: Part| Zip::new(parts().chain([part])).bytes();
    let first = |alter: &dyn Fn(&mut Part)| {
        Zip::new(parts().enumerate().map(|(at, mut part)| {
            if at == 0 {
                alter(&mut part);
            }
            part
        }))
        .bytes()
    };
    let whole = Zip::new(parts()).bytes();
    let text = || Part::deflated("NOTE.dat", b"x");
    match recipe {
        "empty file" => Vec::new(),
        "no zip" => b"PCUCODE|CID|PID\r\n".repeat(50),
        "cut off" => whole[..whole.len() - 30].to_vec(),
        "encrypted" => first(&|part| {
            part.local.flags |= 1;
            part.central.flags |= 1;
        }),
        "multi-disk" => first(&|part| part.disk = 1),
        "symlink" => first(&|part| part.attributes = 0o120_777 << 16),
        "absolute path" => with(Part::deflated("/etc/DEATH.txt", b"x")),
        "climbing path" => with(Part::deflated("../DEATH.txt", b"x")),
        "three folders deep" => with(Part::deflated("a/b/c/DEATH.txt", b"x")),
        "nested archive" => with(Part::stored("old.zip", &whole)),
        "overlap" => with(text().with(|part| {
            part.no_local = true;
            part.offset = Some(0);
            part.local = Part::deflated(&members[0].0, &members[0].1).local;
            part.central.crc = part.local.crc;
            part.central.packed = part.local.packed;
            part.central.inflated = part.local.inflated;
        })),
        "same name twice" => with(Part::deflated(&members[0].0, b"x")),
        "local header unlike central" => first(&|part| part.local.name[0] = b'X'),
        "one entry more than the directory" => Zip::new(parts())
            .with(|zip| zip.end = |end| (end.here, end.entries) = (end.here + 1, end.entries + 1))
            .bytes(),
        "one entry fewer than the directory" => Zip::new(parts().chain([text()]))
            .with(|zip| zip.end = |end| (end.here, end.entries) = (end.here - 1, end.entries - 1))
            .bytes(),
        "bytes before" => [b"MZ\x90".to_vec(), whole].concat(),
        "bytes after" => [whole, b"\r\n".to_vec()].concat(),
        "another method" => first(&|part| {
            part.local.method = 12;
            part.central.method = 12;
        }),
        "wrong crc" => first(&|part| {
            part.local.crc ^= 1;
            part.central.crc ^= 1;
        }),
        "wrong crc of a skipped entry" => with(text().both(|header| header.crc ^= 1)),
        "bomb" => with(Part::deflated("NOTE.dat", &vec![0; 8 << 20])),
        "stored" => Zip::new(members.iter().map(|(name, bytes)| Part::stored(name, bytes))).bytes(),
        "folders as entries" => {
            Zip::new([Part::folder("F21/"), Part::folder("F21/data/")].into_iter().chain(parts()))
                .bytes()
        }
        "streamed" => {
            let options = zip::write::SimpleFileOptions::default();
            let mut zip = zip::ZipWriter::new_stream(Cursor::new(Vec::new()));
            for (name, bytes) in members {
                zip.start_file(name, options).unwrap();
                zip.write_all(bytes).unwrap();
            }
            zip.finish().unwrap().into_inner().into_inner()
        }
        recipe => panic!("no such recipe: {recipe}"),
    }
}
