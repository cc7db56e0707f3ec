//! The pages: what is on them, and what is kept from doing harm there.

use super::fixture::{self, HOSTILE, site};
use crate::app::{BlockedFile, IgnoredFile, LoadingArchive, WaitingArchive};

#[test]
fn today_is_on_the_first_page_in_thai() {
    let site = site();
    let got = site.get("/");
    assert_eq!(got.status, 200);
    let renews = "<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>";
    assert!(got.text().contains(renews) && got.text().contains("data-renew=\"15\""));
    let html = got.text();
    for there in [
        "<html lang=\"th\">",
        "15 ม.ค. 2556",
        "data-state=\"empty\"",
        "รพ.สต.หนึ่ง",
        "ไม่ทราบหน่วยบริการ",
        "เปิดไฟล์ zip ไม่ได้",
        "F21_03590_25560115073000.zip",
        "data-submission=\"2\" data-status=\"partial\"",
        "1,250",
    ] {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    assert!(!html.contains("F21_10669_25560114073000.zip"), "yesterday's");
    let stopped = site.get("/?live=off");
    assert!(!stopped.text().contains("refresh") && !stopped.text().contains("data-renew"));
}

#[test]
fn there_is_an_english_page_too() {
    let site = site();
    let english = site.get("/?lang=en");
    let html = english.text();
    assert!(
        html.contains("<html lang=\"en\">") && html.contains("The file cannot be read as a zip")
    );
    assert!(html.contains("15 Jan 2013 (B.E. 2556)"));
    assert!(html.contains("href=\"/submissions/2?lang=en\""), "links keep the language");
}

#[test]
fn the_state_of_the_inbox_is_one_sentence() {
    let site = site();
    let waiting = |name: &str| WaitingArchive {
        name: name.to_owned(),
        hcode: Some("10669".to_owned()),
        bytes: 5 << 20,
        since: "2013-01-15T09:00:00+07:00".to_owned(),
        settling: true,
    };
    {
        let mut inbox = site.app.inbox();
        inbox.waiting = vec![waiting("F43_10669_25560115080000.zip"), waiting(HOSTILE)];
        inbox.ignored =
            vec![IgnoredFile { path: "<x>.txt".to_owned(), reason: "not a zip".to_owned() }];
    }
    let html = site.get("/").text().to_owned();
    assert!(html.contains("data-state=\"waiting\"") && html.contains("มีไฟล์รออยู่"));
    assert!(html.contains("โรงพยาบาลใหญ่ · 5.0 MB") && html.contains("&lt;x&gt;.txt"));
    site.app.inbox().loading = Some(LoadingArchive {
        id: 5,
        name: "F43_10669_25560115070000.zip".to_owned(),
        hcode: Some("10669".to_owned()),
        bytes: 7,
        since: String::new(),
        inflated_bytes: 3 << 20,
    });
    let html = site.get("/").text().to_owned();
    assert!(html.contains("data-state=\"loading\"") && html.contains("3.0 MB"));
    site.app.inbox().blocked = vec![BlockedFile {
        path: "a<b>.zip".to_owned(),
        owner: "root:root".to_owned(),
        mode: "0640".to_owned(),
        th: "เปลี่ยนเจ้าของ".to_owned(),
        en: "give it to khlang".to_owned(),
        ..BlockedFile::default()
    }];
    let both = [("/", "เปลี่ยนเจ้าของ"), ("/?lang=en", "give it to khlang")];
    for (target, text) in both {
        let html = site.get(target).text().to_owned();
        for there in ["a&lt;b&gt;.zip", "root:root", "0640", text] {
            assert!(html.contains(there), "{there} is not in\n{html}");
        }
    }
    site.app.inbox().trouble = Some("disk full".to_owned());
    let html = site.get("/").text().to_owned();
    assert!(html.contains("data-state=\"trouble\"") && html.contains("disk full"));
}

#[test]
fn one_submission_says_what_was_wrong_and_how_to_fix_it() {
    let site = site();
    let got = site.get("/submissions/2?page=2");
    let html = got.text();
    for there in ["data-status=\"partial\"", "SE1105", "วิธีแก้", "250", "format=csv", "หน้า 2 จาก 3"]
    {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    let broken = site.get("/submissions/4");
    assert!(broken.text().contains("A04") && broken.text().contains("วิธีแก้"));
}

#[test]
fn hostile_values_are_shown_and_do_nothing() {
    let site = site();
    for target in [
        "/",
        "/?lang=en",
        "/submissions/2",
        "/submissions/4",
        "/submissions/%3Cb%3E",
        "/units/10944",
        "/units/%3Cb%3E",
    ] {
        let got = site.ask("GET", target, &[("Accept", "text/html")]);
        let html = got.text();
        let scripts = html.matches("<script").count();
        let ours = html.matches("<script src=\"/assets/khlang.js\" defer></script>").count();
        assert_eq!(scripts, ours, "{target}");
        assert!(!html.contains("<i>") && !html.contains("<b>"), "{target}");
        assert!(!html.contains('\u{202e}'), "{target} turns the direction of writing");
        assert!(!html.contains(" style=") && !html.contains("javascript:"), "{target}");
    }
    assert!(site.get("/submissions/2").text().contains("&lt;script&gt;"));
}

#[test]
fn the_api_page_lists_every_route() {
    let site = site();
    let html = site.get("/api").text().to_owned();
    for route in crate::http::routes::ENDPOINTS.iter() {
        let path = route.path.replace('/', "&#x2f;");
        assert!(html.contains(route.path) || html.contains(&path), "{}", route.path);
    }
}

#[test]
fn a_unit_sees_what_was_wrong_in_a_round_line_by_line() {
    let site = site();
    let got = site.get("/units/10944");
    let html = got.text();
    for there in [
        "โรงพยาบาลชุมชน &lt;b&gt;",
        "class=\"hero partial\"",
        "data-code=\"M02\"",
        "data-code=\"SE1105\"",
        "href=\"/units/10944?round=2556&amp;code=SE1105&amp;severity=error#lines\"",
        "/units/10944/findings.csv?round=2556",
        "หน้า 1 จาก 5",
    ] {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    let second = site.get("/units/10944?round=2556&code=SE1105&page=2&lang=en");
    assert!(second.text().contains("page=3&amp;lang=en#lines"), "{}", second.text());
    let none = site.get("/units/10944?round=2557");
    assert!(none.text().contains("ไม่พบข้อผิดพลาด"), "{}", none.text());
    assert_eq!(site.get("/units/00000").problem(), "no_such_unit");
}

/// The same code as a warning of one standard and an error of the other, for
/// every code of the catalogue that is: each is told with its own text, and
/// only who was rejected is asked to send again.
#[test]
fn a_unit_is_told_of_a_code_as_its_rows_were() {
    use crate::archive::Standard;
    use crate::catalog::{Catalog, Severity};
    use crate::store::Store;
    use crate::submission::Texts;

    let (site, catalog) = (site(), Catalog::builtin().unwrap());
    let severity = |code: &str, standard| Some(catalog.findings.get(code, standard)?.severity);
    let codes: std::collections::BTreeSet<&str> = catalog
        .findings
        .iter()
        .map(|text| text.code.as_str())
        .filter(|code| {
            let both = [Standard::F21, Standard::F43].map(|of| severity(code, of));
            both[0].is_some() && both[1].is_some() && both[0] != both[1]
        })
        .collect();
    assert!(codes.contains("SE1110"));
    let store = Store::open(&site.app.database, &catalog, 4).unwrap();
    for (id, standard, times) in [(5, Standard::F21, 3), (6, Standard::F43, 4)] {
        let mut s = fixture::empty(id, &format!("{standard}_10669_x.zip"), Some("10669"), 15);
        s.standard = Some(standard);
        for code in &codes {
            let severity = severity(code, standard).unwrap();
            s.count(code, severity, times);
            let texts = Texts::find(&catalog, code, Some(standard)).into();
            let of = fixture::finding(&catalog, 2);
            let lines = (0..times as u32).map(|line| crate::submission::FindingLine {
                code: (*code).into(),
                severity,
                line,
                texts: std::sync::Arc::clone(&texts),
                ..of.clone()
            });
            s.findings.extend(lines);
        }
        fixture::store(&store, &s);
    }
    let unit = site.get("/units/10669?round=2556&lang=en").text().to_owned();
    for code in codes {
        for (id, standard, times) in [(5, Standard::F21, 3), (6, Standard::F43, 4)] {
            let (severity, texts) =
                (severity(code, standard).unwrap(), Texts::find(&catalog, code, Some(standard)));
            let own = site.get(&format!("/submissions/{id}?lang=en")).text().to_owned();
            for html in [&unit, &own] {
                let anchor = format!("id=\"code-{code}-{}-{standard}\"", severity.as_str());
                let groups = html.split("<li class=\"note ").skip(1);
                let found: Vec<&str> = groups.filter(|group| group.contains(&anchor)).collect();
                assert_eq!(found.len(), 1, "{anchor} in\n{html}");
                assert!(found[0].starts_with(severity.as_str()), "{}", found[0]);
                assert!(found[0].contains(&texts.en), "{}: {}", texts.en, found[0]);
                let again = found[0].contains("send this row again");
                assert_eq!(again, severity == Severity::Error, "{}", found[0]);
                assert!(html.contains(&format!("href=\"#{}\"", &anchor[4..anchor.len() - 1])));
            }
            let of = format!("code={code}&severity={}", severity.as_str());
            let csv = site.get(&format!("/units/10669/findings.csv?round=2556&{of}"));
            let rows = csv.text().lines().count() as u64;
            assert_eq!(rows, 1 + times, "{of}: {}", csv.text());
            assert!(csv.text().contains(&format!(",{code},{},", severity.as_str())), "{of}");
            let api = site.get(&format!("/api/v1/submissions/{id}/findings")).json();
            let lines = api["rows"].as_array().unwrap().iter().filter(|f| f["code"] == code);
            let all: Vec<_> = lines.map(|f| f["severity"].as_str().unwrap().to_owned()).collect();
            assert_eq!(all, vec![severity.as_str(); times as usize], "{code}");
        }
    }
}

#[test]
fn the_lines_of_a_unit_are_downloaded_whole() {
    let site = site();
    let got = site.get("/units/10944/findings.csv?round=2556");
    assert_eq!(got.header("content-type"), Some("text/csv; charset=utf-8; header=present"));
    assert!(got.header("content-disposition").unwrap().contains("khlang-10944-2556-findings.csv"));
    let text = got.text().trim_start_matches('\u{feff}');
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 250);
    assert_eq!((&rows[0][0], &rows[0][3], &rows[0][6]), ("2", "SE1105", "2"));
    assert!(rows[0][8].starts_with("'="), "no formula: {}", &rows[0][8]);
    let none = site.get("/units/10944/findings.csv?round=2556&code=SE9200");
    assert_eq!(none.text().lines().count(), 1);
}

#[test]
fn exports_are_listed_with_their_files() {
    use crate::config::Config;
    let own = "[[export]]\nname = \"monthly\"\nschedule = \"0 6 1 * *\"\nkpis = [\"anc5\"]\nperiod = \"previous month\"\nformats = [\"csv\"]\n";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("khlang.toml");
    crate::files::write_whole(&file, own.as_bytes()).unwrap();
    let export = Config::load(Some(&file), std::iter::empty()).unwrap().export;
    let site = fixture::site_with(|config| config.export = export);
    let html = site.get("/exports").text().to_owned();
    assert!(html.contains("data-export=\"monthly\"") && html.contains("ยังไม่เคยจัดทำ"), "{html}");
    let made = site.folder.path().join("exports/monthly/2013-01-01");
    std::fs::create_dir_all(&made).unwrap();
    let manifest = crate::export::Manifest {
        export: "monthly".to_owned(),
        as_of_submission: 4,
        files: vec![crate::export::FileLine {
            name: "anc5.csv".to_owned(),
            bytes: 2048,
            sha256: String::new(),
        }],
        ..Default::default()
    };
    let manifest = serde_json::to_vec(&manifest).unwrap();
    crate::files::write_whole(&made.join("manifest.json"), &manifest).unwrap();
    let html = site.get("/exports?lang=en").text().to_owned();
    assert!(html.contains("href=\"/api/v1/exports/monthly/2013-01-01/anc5.csv\""), "{html}");
    assert!(html.contains("2.0 KB") && html.contains("data up to submission 4"), "{html}");
}

/// A page once its figures are there.
fn counted(site: &fixture::Site, target: &str) -> fixture::Got {
    let mut last = None;
    fixture::wait(target, || {
        let got = site.ask("GET", target, &[("Accept", "text/html")]);
        let counted = got.status != 503;
        assert!(counted || got.text().contains("id=\"computing\""), "{}", got.text());
        last = Some(got);
        counted
    });
    last.unwrap()
}

#[test]
fn figures_that_are_not_there_yet_are_a_page_that_looks_again() {
    // On a machine with much else to do all may be counted before it is asked.
    let asked = || {
        let site = fixture::site_with(|config| config.limits.figures_wait_ms = 0);
        let got = site.ask("GET", "/kpi?lang=en", &[("Accept", "text/html")]);
        (got.status == 503).then_some((site, got))
    };
    let (site, got) = (0..20).find_map(|_| asked()).expect("a figure that is not there yet");
    assert_eq!(got.header("retry-after"), Some("2"));
    let html = got.text();
    assert!(html.contains("id=\"computing\"") && html.contains("data-renew=\"3\""), "{html}");
    assert!(html.contains("http-equiv=\"refresh\"") && html.contains("khlang.js"), "{html}");
    assert!(html.contains("id=\"to-kpi\""), "the menu stays: {html}");
    assert_eq!(counted(&site, "/kpi?lang=en").status, 200);
}

#[test]
fn who_has_not_sent_is_told_by_main_unit() {
    let site = site();
    let got = counted(&site, "/expected");
    let html = got.text();
    for there in [
        "data-missing=\"1\"",
        "data-cup=\"10944\"",
        "<li class=\"item broken\" data-unit=\"03590\">",
        "ส่งแต่ไฟล์เสีย",
        "<li data-unit=\"10669\">",
        "ม.ค. 2556",
    ] {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    let before = counted(&site, "/expected?month=2012-12&lang=en");
    assert!(before.text().contains("data-missing=\"3\""), "{}", before.text());
    assert!(before.text().contains("class=\"hero missed\""), "a month that is over");
}

#[test]
fn quality_is_ranked_against_the_bands_and_units_see_theirs() {
    let site = site();
    let got = counted(&site, "/quality?round=2557");
    let html = got.text();
    for there in ["data-unit=\"10669\"", "95.01 – 100.00 %", "ความถูกต้อง", "timeliness.days"]
    {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    let none = site.ask("GET", "/quality?round=2556", &[("Accept", "text/html")]);
    assert_eq!(none.status, 404);
    assert!(none.text().contains("data-code=\"no_such_round\""), "{}", none.text());
    // A round without rules keeps nobody from the rest of the page.
    let unit = site.get("/units/10944?round=2556");
    assert!(unit.text().contains("ยังไม่มีกติกา"), "{}", unit.text());
}

#[test]
fn an_indicator_says_what_it_means_and_why_it_cannot_be_counted() {
    let site = site();
    let got = counted(&site, "/kpi/anc5?period=2556Q2");
    let html = got.text();
    for there in [
        "1 ต.ค. 2555 – 31 มี.ค. 2556",
        "คำนวณไม่ได้",
        "<option selected>2556Q2</option>",
        "id=\"to-lang\" href=\"/kpi/anc5?period=2556Q2&amp;lang=en\"",
    ] {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    let unknown = site.ask("GET", "/kpi/nothing", &[("Accept", "text/html")]);
    assert_eq!(unknown.status, 404);
    let of_nobody = site.ask("GET", "/kpi/anc5/explain", &[]);
    assert_eq!(of_nobody.problem(), "invalid_parameter");
    let elsewhere = site.ask("GET", "/kpi/anc5/explain?unit=00000", &[]);
    assert_eq!(elsewhere.problem(), "no_such_unit");
    let explained = counted(&site, "/kpi/anc5/explain?unit=10669&period=2556Q2");
    assert!(explained.text().contains("โรงพยาบาลใหญ่"), "{}", explained.text());
}

#[test]
fn the_province_sees_on_the_first_page_what_waits_to_be_sent_on() {
    let text = "[[forward]]\nname = \"nhso\"\nsent = \"confirmed\"\n\
                [[forward]]\nname = \"nhso-new\"\nschedule = \"0 18 * * *\"\n";
    let parsed: toml::Table = toml::from_str(text).unwrap();
    let forward = parsed["forward"].clone().try_into().unwrap();
    let site = fixture::site_with(|config| config.forward = forward);
    let got = site.get("/?lang=en");
    let html = got.text();
    for there in [
        "data-destination=\"nhso\"",
        "href=\"/forward/1?lang=en\"",
        "data-destination=\"nhso-new\"",
        "khlang forward adopt nhso-new",
    ] {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    let got = site.get("/forward/1");
    for there in ["F21_10669_25560115080000.zip", "โรงพยาบาลใหญ่", "href=\"/submissions/1\"", "120"]
    {
        assert!(got.text().contains(there), "{there} is not in\n{}", got.text());
    }
    assert_eq!(site.get("/forward/9").status, 404);
    let without = fixture::site();
    assert!(!without.get("/").text().contains("id=\"forward\""), "no destination, no box");
}
