//! A member of any file of either standard, from its bytes to counts and
//! findings, by the way that an archive goes: name, scan, members, header,
//! decoding, lines, rows, counts. A set of keys stands in for the store. The first byte chooses the file, the
//! second the member's packing, the rest is the member.
#![no_main]

use std::collections::BTreeSet;
use std::io::{Cursor, Write};
use std::sync::{Arc, LazyLock};

use khlang::archive::Standard;
use khlang::catalog::{Layout, Severity};
use khlang::clock::at_bangkok;
use khlang::load::LoadRequest;
use khlang::load::fuzzing::validate;
use khlang::submission::{Status, Submission};
use khlang_fuzz::{environment, folder};
use libfuzzer_sys::fuzz_target;
use zip::write::SimpleFileOptions;

/// Every file of both standards.
static FILES: LazyLock<Vec<&Layout>> = LazyLock::new(|| {
    let of = |standard| environment().catalog.layouts(standard);
    let mut files: Vec<&Layout> = of(Standard::F21).chain(of(Standard::F43)).collect();
    files.sort_by(|a, b| (a.standard, &a.file).cmp(&(b.standard, &b.file)));
    files
});

/// Header and one row; the row's person is a woman born in 1980.
fn beside(file: &Layout) -> String {
    let value = |name: &str| match name {
        "HOSPCODE" | "PCUCODE" => "10670",
        "PID" => "7",
        "CID" => "1234567890121",
        "SEX" => "2",
        "BIRTH" => "19800615",
        "SEQ" => "1",
        "DATE_SERV" => "20140131",
        "D_UPDATE" => "20140131093000",
        _ => "1",
    };
    let names: Vec<&str> = file.columns.iter().map(|column| column.name.as_str()).collect();
    let row: Vec<&str> = names.iter().map(|name| value(name)).collect();
    format!("{}\r\n{}\r\n", names.join("|"), row.join("|"))
}

fn zipped(file: &Layout, member: &[u8], packed: bool) -> Vec<u8> {
    let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    let options = if packed { SimpleFileOptions::default() } else { stored };
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let mut add = |name: &str, options, content: &[u8]| {
        writer.start_file(format!("{name}.txt"), options).expect("written to memory");
        writer.write_all(content).expect("written to memory");
    };
    add(&file.file, options, member);
    let catalog = &environment().catalog;
    for other in file.needs.iter().map(String::as_str).chain(["PERSON"]) {
        let Some(other) = catalog.layout(file.standard, other) else { continue };
        if other.file != file.file && (other.file != "PERSON" || !file.needs.contains(&other.file))
        {
            add(&other.file, stored, beside(other).as_bytes());
        }
    }
    writer.finish().expect("written to memory").into_inner()
}

fn judged(file: &Layout, member: &[u8], packed: bool) -> Submission {
    let name = format!("{}_10670_20140210080000.zip", file.standard);
    let path = folder().join("rows.zip");
    std::fs::write(&path, zipped(file, member, packed)).expect("the folder can be written to");
    let day = chrono::NaiveDate::from_ymd_opt(2014, 2, 11).expect("a day");
    let now = at_bangkok(day.and_hms_opt(9, 0, 0).expect("a time"));
    let claim = LoadRequest {
        environment: Arc::clone(environment()),
        path,
        name,
        id: None,
        received_at: now,
        seal: Arc::default(),
        now,
        progress: Arc::new(|_| ()),
    };
    validate(&claim).expect("never our own trouble")
}

fuzz_target!(|data: &[u8]| {
    let [which, packing, member @ ..] = data else { return };
    let file = FILES[usize::from(*which) % FILES.len()];
    let submission = judged(file, member, packing & 1 == 1);
    if submission.status == Status::Broken {
        assert!(submission.files.is_empty() && submission.findings.is_empty());
        assert!(!submission.problems.is_empty(), "broken without a reason");
    }
    for said in submission.problems.iter().chain(&submission.notes) {
        assert!(
            !said.texts.th.is_empty() && !said.texts.en.is_empty(),
            "{} has no text",
            said.code
        );
    }
    let lines: Vec<&[u8]> = member.split(|byte| *byte == b'\n').collect();
    for counted in &submission.files {
        let c = &counted.counts;
        assert_eq!(c.received, c.accepted + c.duplicate + c.rejected, "{counted:?}");
        assert!(c.warned <= c.accepted && c.on_time <= c.accepted, "{counted:?}");
        if counted.file != file.file {
            continue;
        }
        assert!(c.received <= lines.len() as u64, "more rows than lines: {counted:?}");
        let own = || submission.findings.iter().filter(|finding| *finding.file == *file.file);
        // Every rejected row has an error, and only rejected rows do.
        let wrong: BTreeSet<u32> = own()
            .filter(|finding| finding.severity == Severity::Error)
            .filter(|finding| !finding.code.ends_with("9299"))
            .map(|finding| finding.line)
            .collect();
        assert!(!submission.findings_cut, "so many findings");
        assert_eq!(wrong.len() as u64, c.rejected, "{counted:?}");
        let utf8 = std::str::from_utf8(member).is_ok();
        for finding in own() {
            let at = (finding.line as usize).checked_sub(1).expect("lines count from 1");
            let line = *lines.get(at).expect("a line of the member");
            // A value is told as it was sent, with its line.
            let value = finding.value.as_bytes();
            if utf8 && finding.field.is_some() && !value.is_empty() {
                let found = line.windows(value.len()).any(|part| part == value);
                assert!(found, "{finding:?} is not in its line");
            }
        }
    }
    for said in submission.problems.iter().filter_map(|problem| problem.line) {
        assert!((1..=lines.len() as u64).contains(&said), "a problem in line {said}");
    }
});
