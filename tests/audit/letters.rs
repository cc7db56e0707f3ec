//! Letters: what they say in both languages, to the byte; what is never in them;
//! and that they print on A4 with one row and with a thousand.

use std::path::Path;
use std::process::Command;

use khlang::archive::Standard;

use super::flow::{LATER, ok, persons, province, refused, run, send, show};
use crate::browser::driver::Browser;
use crate::kpi::expand;
use crate::report::forms::without_style;
use crate::support::case::Khlang;

/// Holds a page, without its style sheet, against what it was; writes it anew when
/// asked to.
fn same(name: &str, page: &str) {
    let page = without_style(page.to_owned());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audit/letters").join(name);
    if std::env::var_os("KHLANG_TEST_RECORD").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        page == wanted,
        "{name} differs: look at it, then write it anew with KHLANG_TEST_RECORD=1"
    );
}

fn page(khlang: &Khlang, path: &str) -> String {
    std::fs::read_to_string(khlang.path(path)).unwrap()
}

/// Numbers of all cases of a unit.
fn cases(khlang: &Khlang, unit: &str) -> Vec<String> {
    let cases = ok(&khlang.run(&["audit", "list", "--unit", unit, "--json"]));
    cases.as_array().unwrap().iter().map(|case| case["id"].to_string()).collect()
}

#[test]
fn letters_say_what_was_selected_and_how_it_was_decided() {
    let khlang = province()
        .env("KHLANG__AUDIT__LETTER__OFFICE", "สำนักงานสาธารณสุขจังหวัดตัวอย่าง")
        .env("KHLANG__AUDIT__LETTER__SIGNER", "นายแพทย์ตัวอย่าง {ชื่อ}")
        .env("KHLANG__AUDIT__LETTER__POST", "นายแพทย์สาธารณสุขจังหวัด");
    let four = "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n04001|20|20131005|041\n04001|20|20131005|010\n04001|20|20131005|061\n";
    send(&khlang, Standard::F43, "25570116080000", &[("EPI", four)]);
    run(&khlang);
    let ids = cases(&khlang, "04001");
    assert!(ids.len() > 1, "several cases of a unit are one letter: {ids:?}");
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let letter = |kind: &str, lang: &str, name: &str| {
        khlang.run(
            &[&["--lang", lang, "audit", "letter"], &ids[..], &["--kind", kind, "--out", name]]
                .concat(),
        )
    };
    refused(&letter("notify", "th", "early.html"), "is not yet notified");
    let told = [
        &["audit", "notify"],
        &ids[..],
        &["--reason", "x", "--letter-no", "สธ 1/2557 <b>", "--out", "letters"],
    ];
    assert_eq!(khlang.run(&[&["--lang", "th"], &told.concat()[..]].concat()).status(), 0);
    let thai = page(&khlang, "letters/notify-04001-2557-1.html");
    assert_eq!(letter("notify", "th", "again.html").status(), 0);
    assert!(page(&khlang, "again.html") == thai, "the same cases are the same page");
    assert_eq!(letter("notify", "en", "en.html").status(), 0);
    let english = page(&khlang, "en.html");
    for page in [&thai, &english] {
        for n in 1..=20 {
            assert!(!page.contains(&expand(&format!("@{n}"))), "a citizen ID");
        }
        assert!(!page.contains("<b>") && !page.contains("://") && !page.contains("<script"));
        assert_eq!(page.matches("class=\"enclosure\"").count(), ids.len());
    }
    for said in ["16 ก.ค. 2557", "อุทธรณ์"] {
        assert!(thai.contains(said), "{said}");
    }
    same("notify.th.html", &thai);
    same("notify.en.html", &english);

    refused(&letter("result", "th", "early.html"), "is not yet resolved");
    let hold =
        ok(&khlang.run(&["audit", "list", "--severity", "hold", "--json"]))[0]["id"].to_string();
    let khlang = khlang.now(LATER);
    let step = |arguments: &[&str]| ok(&khlang.run(&[&["audit"], arguments, &["--json"]].concat()));
    let late = ["--on", "2014-07-16"];
    step(&[&["appeal", &hold, "--text", "บันทึกวันเกิดผิด"], &late[..]].concat());
    step(&[
        "verify",
        &hold,
        "--on",
        "2014-07-18",
        "--by",
        "เขต 10",
        "--found",
        "ทะเบียนตรง 1 ราย",
        "--proposal",
        "partial",
        "--percent",
        "33.33",
    ]);
    step(&[
        "resolve",
        &hold,
        "partial",
        "--reason",
        "ตามข้อเสนอ",
        "--percent",
        "33.33",
        "--condition",
        "ส่งทะเบียน",
    ]);
    for id in ids.iter().filter(|id| **id != hold) {
        step(&["resolve", id, "pay", "--reason", "ไม่กระทบเงิน"]);
    }
    for lang in ["th", "en"] {
        let name = format!("result.{lang}.html");
        let ran = khlang.run(
            &[
                &["--lang", lang, "audit", "letter"],
                &ids[..],
                &["--kind", "result", "--out", &name],
            ]
            .concat(),
        );
        assert_eq!(ran.status(), 0, "{}", ran.err());
        let page = page(&khlang, &name);
        assert!(page.contains("33.33") && page.contains("ทะเบียนตรง 1 ราย"), "{page}");
        same(&name, &page);
    }
    // What is not paid and what is paid are together what the item got.
    let money = &show(&khlang, &hold)["money"];
    let satang = |text: &serde_json::Value| {
        text.as_str().unwrap().replace(['.', ','], "").parse::<i64>().unwrap()
    };
    let (all, kept_back) = (satang(&money["item"]), satang(&money["held"]));
    assert!(0 < kept_back && kept_back < all);
    // What was decided once is not told of a case that is open again.
    step(&["reopen", &hold, "--reason", "พบข้อมูลใหม่"]);
    let old = [&["audit", "letter"], &ids[..], &["--kind", "result", "--out", "old.html"]];
    refused(&khlang.run(&old.concat()), "is not yet resolved");
}

#[test]
fn a_province_says_it_in_its_own_words() {
    let khlang = province();
    run(&khlang);
    let case =
        ok(&khlang.run(&["audit", "list", "--severity", "hold", "--json"]))[0]["id"].to_string();
    let own = "[subject]\nth = \"เรื่องของ {unit}\"\nen = \"About {unit}\"\n\n[[paragraph]]\nth = \"ถึง {hcode} {cases} เรื่อง {held} บาท งวด {tranche}/{round} อุทธรณ์ถึง {appeal_by}\"\nen = \"To {hcode}: {cases}, {held} baht, {tranche} of {round}, until {appeal_by}\"\n\n[[paragraph]]\nonly = \"rate\"\nth = \"อัตรา\"\nen = \"a rate\"\n";
    khlang.write("data/config/audit/letters/notify.toml", own);
    let told = ["audit", "notify", &case, "--reason", "x"];
    assert_eq!(khlang.run(&told).status(), 0);
    for lang in ["th", "en"] {
        let name = format!("own.{lang}.html");
        let write = ["--lang", lang, "audit", "letter", &case, "--out", &name];
        assert_eq!(khlang.run(&write).status(), 0);
        same(&name, &page(&khlang, &name));
    }
    // Its mistakes are told with file and line, before anything is done.
    for (from, to, wanted) in [
        (
            "{appeal_by}\"\nen",
            "{apeal_by}\"\nen",
            "line 6: there is no value {apeal_by}, did you mean appeal_by?",
        ),
        ("only = \"rate\"", "only = \"rates\"", "line 10"),
        ("en = \"a rate\"", "en = \"\"", "in Thai and in English"),
    ] {
        khlang.write("data/config/audit/letters/notify.toml", own.replacen(from, to, 1));
        for command in
            [&["config", "check"][..], &["audit", "letter", &case, "--out", "x.html"], &["serve"]]
        {
            let ran = khlang.run(command);
            assert_eq!(ran.status(), 1, "{command:?}: {}", ran.out());
            let told = ran.err();
            assert!(
                told.contains("config/audit/letters/notify.toml") && told.contains(wanted),
                "{told}"
            );
        }
    }
}

#[test]
fn a_letter_is_about_one_unit_and_one_tranche() {
    let khlang = province();
    let more = "HOSPCODE|PID|DATE_SERV|VACCINETYPE\n04009|101|20130821|091\n04009|102|20130821|091\n04009|103|20130815|092\n04009|104|20130815|092\n04009|105|20130815|092\n";
    send(&khlang, Standard::F43, "25570215080000", &[("EPI", more)]);
    run(&khlang);
    let holds = ok(&khlang.run(&["audit", "list", "--severity", "hold", "--json"]));
    let ids: Vec<String> =
        holds.as_array().unwrap().iter().map(|case| case["id"].to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    assert_eq!(ids.len(), 2);
    let notify = [&["audit", "notify"], &ids[..], &["--reason", "x", "--out", "letters"]].concat();
    assert_eq!(khlang.run(&notify).status(), 0);
    for unit in ["04001", "04009"] {
        assert!(khlang.path(&format!("letters/notify-{unit}-2557-1.html")).is_file());
    }
    let both = [&["audit", "letter"], &ids[..], &["--out", "both.html"]].concat();
    refused(&khlang.run(&both), "one unit and one tranche");
}

#[test]
fn a_letter_prints_on_a4_with_one_row_and_with_a_thousand() {
    for (rows, least, most) in [(1_u32, 2, 2), (1000, 15, 60)] {
        let khlang = Khlang::new();
        let Some(browser) = Browser::start(&khlang.path("")) else { return };
        // Four needles on a day are one finding; doses on days before the birth
        // are as many rows as are wanted.
        let doses: String = if rows == 1 {
            "04001|1|20131005|091\n04001|1|20131005|041\n04001|1|20131005|010\n04001|1|20131005|061\n".to_owned()
        } else {
            (1..=rows).map(|n| ["04001|", &n.to_string(), "|20130821|091\n"].concat()).collect()
        };
        let doses = format!("HOSPCODE|PID|DATE_SERV|VACCINETYPE\n{doses}");
        let people = persons("04001", 1, rows.max(20));
        send(&khlang, Standard::F43, "25570115080000", &[("PERSON", &people), ("EPI", &doses)]);
        let khlang = khlang.now("2014-07-01T10:00:00+07:00");
        run(&khlang);
        let rule = if rows == 1 { "epi_injections" } else { "epi_age" };
        let case =
            &ok(&khlang.run(&["audit", "list", "--rule", rule, "--json"]))[0]["id"].to_string();
        let told = ["--lang", "th", "audit", "notify", case, "--reason", "x", "--out", "letters"];
        assert_eq!(khlang.run(&told).status(), 0);
        let path = khlang.path("letters/notify-04001-2557-1.html");
        browser.open(&format!("file://{}", path.display()));
        let wide =
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth";
        browser.resize(794, 1123);
        assert_eq!(browser.script(wide, &[]), true, "wider than the sheet");
        let pdf = khlang.write("letter.pdf", browser.print());
        let said = |program: &str, arguments: &[&str], to: Option<&str>| {
            let out = Command::new(program).args(arguments).arg(&pdf).args(to).output().unwrap();
            String::from_utf8(out.stdout).unwrap()
        };
        let text = said("pdftotext", &["-layout"], Some("-"));
        let pages = text.matches('\u{c}').count();
        assert!((least..=most).contains(&pages), "{pages} pages for {rows} rows");
        assert!(text.contains(&rows.to_string()), "the last row is there");
        if rows > 1 {
            assert!(text.matches("PID").count() >= pages - 1, "each page has the headings");
        }
        if let Some(folder) = std::env::var_os("KHLANG_TEST_PDF") {
            std::fs::copy(&pdf, Path::new(&folder).join(format!("letter-{rows}.pdf"))).unwrap();
        }
    }
}
