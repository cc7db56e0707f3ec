//! A request that brings an archive: head, form, file. The first byte says in
//! packets of which size it comes, and whether the rest is the request itself
//! or the content of a form that is made here.
#![no_main]

use khlang::clock::at_bangkok;
use khlang::http::fuzzing::{Taken, upload};
use khlang_fuzz::{folder, environment};
use libfuzzer_sys::fuzz_target;

const NAME: &str = "F43_10670_20140210080000.zip";

fn taken(request: &[u8], packet: usize) -> Result<Option<Taken>, String> {
    let day = chrono::NaiveDate::from_ymd_opt(2014, 2, 11).expect("a day");
    let now = at_bangkok(day.and_hms_opt(9, 0, 0).expect("a time")).naive_local();
    upload(environment(), folder(), now, request, packet)
}

/// Whatever comes: how it is cut into packets makes no difference, and what is
/// taken stood in the request.
fn any(request: &[u8], packet: usize) {
    let whole = taken(request, request.len());
    let cut = taken(request, packet);
    match (&whole, &cut) {
        (Ok(whole), Ok(cut)) => assert_eq!(whole, cut, "packets of {packet}"),
        (Err(_), Err(_)) => {}
        _ => panic!("packets of {packet}: {whole:?}, {cut:?}"),
    }
    let Ok(Some(taken)) = whole else { return };
    assert_eq!(taken.bytes, taken.content.len() as u64);
    assert!(!taken.content.is_empty(), "an archive without bytes");
    let found = request.windows(taken.content.len()).any(|part| part == taken.content);
    assert!(found, "what was taken was not sent");
    let parsed = khlang::archive::ArchiveName::parse(&taken.name).expect("a name of an archive");
    assert!(environment().units.knows(&parsed.hcode));
}

/// A field is received as it was sent, whatever it holds.
fn sent(content: &[u8], packet: usize) {
    const CUT: &str = "cut7";
    let head = format!(
        "POST /api/v1/archives HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Type: \
         multipart/form-data; boundary={CUT}\r\n\r\n"
    );
    let part = |said: &str| {
        format!("--{CUT}\r\nContent-Disposition: form-data; {said}\r\n\r\n").into_bytes()
    };
    let file = part(&format!("name=\"archive\"; filename=\"C:\\x\\{NAME}\""));
    let end = format!("\r\n--{CUT}--\r\n").into_bytes();
    let other = part("name=\"note\"");
    let pieces = [head.as_bytes(), &other, b"x\r\n", &file, content, &end];
    let got = taken(&pieces.concat(), packet);
    let closes = format!("\r\n--{CUT}");
    let torn = content.windows(closes.len()).any(|part| part == closes.as_bytes())
        || content.starts_with(&closes.as_bytes()[2..]);
    match got {
        _ if torn => {}
        Ok(Some(taken)) => {
            assert!(taken.content == content, "received otherwise than sent");
            assert_eq!(taken.name, NAME);
        }
        Err(_) if content.is_empty() => {}
        other => panic!("a right form is refused: {other:?}"),
    }
}

fuzz_target!(|data: &[u8]| {
    let [how, rest @ ..] = data else { return };
    let packet = usize::from(how >> 1) + 1;
    if how & 1 == 0 {
        any(rest, packet);
    } else {
        sent(rest, packet);
    }
});
