//! The pages: what is on them, and what is kept from doing harm there.

use super::fixture::{HOSTILE, site};
use crate::http::{Ignored, Loading, Waiting};

#[test]
fn today_is_on_the_first_page_in_thai() {
    let site = site();
    let got = site.get("/");
    assert_eq!(got.status, 200);
    assert_eq!(got.header("refresh"), Some("15"));
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
    assert_eq!(stopped.header("refresh"), None);
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
    let waiting = |name: &str| Waiting {
        name: name.to_owned(),
        hcode: Some("10669".to_owned()),
        bytes: 5 << 20,
        since: "2013-01-15T09:00:00+07:00".to_owned(),
        settling: true,
    };
    {
        let mut inbox = site.shared.inbox();
        inbox.waiting = vec![waiting("F43_10669_25560115080000.zip"), waiting(HOSTILE)];
        inbox.ignored =
            vec![Ignored { path: "<x>.txt".to_owned(), reason: "not a zip".to_owned() }];
    }
    let html = site.get("/").text().to_owned();
    assert!(html.contains("data-state=\"waiting\"") && html.contains("มีไฟล์รออยู่"));
    assert!(html.contains("โรงพยาบาลใหญ่ · 5.0 MB") && html.contains("&lt;x&gt;.txt"));
    site.shared.inbox().loading = Some(Loading {
        id: 5,
        name: "F43_10669_25560115070000.zip".to_owned(),
        hcode: Some("10669".to_owned()),
        bytes: 7,
        since: String::new(),
        inflated_bytes: 3 << 20,
    });
    let html = site.get("/").text().to_owned();
    assert!(html.contains("data-state=\"loading\"") && html.contains("3.0 MB"));
    site.shared.inbox().trouble = Some("disk full".to_owned());
    let html = site.get("/").text().to_owned();
    assert!(html.contains("data-state=\"trouble\"") && html.contains("disk full"));
}

#[test]
fn one_submission_says_what_was_wrong_and_how_to_mend_it() {
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
    for target in ["/", "/?lang=en", "/submissions/2", "/submissions/4", "/submissions/%3Cb%3E"] {
        let got = site.ask("GET", target, &[("Accept", "text/html")]);
        let html = got.text();
        assert!(
            !html.contains("<script") && !html.contains("<i>") && !html.contains("<b>"),
            "{target}"
        );
        assert!(!html.contains('\u{202e}'), "{target} turns the direction of writing");
        assert!(!html.contains(" style=") && !html.contains("javascript:"), "{target}");
    }
    assert!(site.get("/submissions/2").text().contains("&lt;script&gt;"));
}

#[test]
fn the_api_page_lists_every_route() {
    let site = site();
    let html = site.get("/api").text().to_owned();
    for route in crate::http::routes::ROUTES {
        let path = route.path.replace('/', "&#x2f;");
        assert!(html.contains(route.path) || html.contains(&path), "{}", route.path);
    }
}
