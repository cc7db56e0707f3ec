//! The pages of the audit: what each viewer sees there, and the forms of the
//! steps, without a script.

use super::access::{CUP, OTHER, UNIT, get, last_logged, post, token};
use super::fixture::{Got, Site, site};
use super::tokens::{cookie, csrf};
use crate::audit::steps::steps;
use crate::credentials::Role;

/// A session of a browser.
struct Session<'s> {
    site: &'s Site,
    cookie: String,
}

impl<'s> Session<'s> {
    fn new(site: &'s Site, role: Role, hcode: Option<&str>) -> Self {
        let token = token(site, role, hcode, None).1;
        let cookie = cookie(&post(site, "/sign-in", "", &format!("token={token}")));
        Self { site, cookie }
    }

    fn open(&self, target: &str) -> Got {
        let headers = [("Cookie", self.cookie.as_str()), ("Accept", "text/html")];
        self.site.ask("GET", target, &headers)
    }

    /// The tag that the forms of a page carry.
    fn tag(&self, id: u32) -> String {
        let page = self.open(&format!("/audit/{id}"));
        let text = page.text();
        let at = text.find("data-etag=\"").unwrap_or_else(|| panic!("{text}")) + 11;
        text[at..].split('"').next().unwrap().to_owned()
    }

    /// Sends a form as a browser does.
    fn send(&self, id: u32, fields: &[(&str, &str)]) -> Got {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(fields).append_pair("csrf", &csrf(&self.cookie));
        let headers = format!(
            "Cookie: {}\r\nAccept: text/html\r\nSec-Fetch-Site: same-origin\r\nContent-Type: \
             application/x-www-form-urlencoded\r\n",
            self.cookie
        );
        post(self.site, &format!("/audit/{id}?page=1"), &headers, &form.finish())
    }
}

#[test]
fn the_list_is_of_ones_own_and_says_what_is_left_to_do() {
    let site = site();
    let province = Session::new(&site, Role::Province, None);
    let list = province.open("/audit");
    let html = list.text();
    for there in [
        "data-case=\"1\"",
        "data-case=\"2\"",
        "data-case=\"3\" data-state=\"selected\"",
        "เหลือ 15 วัน",
        "อายุไม่เหมาะสมกับวัคซีน",
        "aria-current=\"page\">ตรวจสอบ",
    ] {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    let unit = Session::new(&site, Role::Unit, Some(UNIT));
    let cup = Session::new(&site, Role::Cup, Some(CUP));
    for session in [&unit, &cup] {
        let html = session.open("/audit?lang=en").text().to_owned();
        assert!(html.contains("data-case=\"2\"") && html.contains("15 days left"), "{html}");
        for hidden in ["data-case=\"1\"", "data-case=\"3\"", "data-state=\"selected\"", OTHER] {
            assert!(!html.contains(hidden), "{hidden} is in\n{html}");
        }
    }
    let page = unit.open(&format!("/units/{UNIT}")).text().to_owned();
    assert!(page.contains("href=\"/audit/2\"") && !page.contains("href=\"/audit/3\""), "{page}");
    for (query, cases) in [
        ("?state=selected", &[3][..]),
        ("?unit=10669", &[1]),
        ("?rule=epi_repeat", &[]),
        ("?overdue=yes", &[]),
        ("?round=2557", &[]),
        ("?tranche=2", &[1, 2, 3]),
    ] {
        let html = province.open(&format!("/audit{query}")).text().to_owned();
        for id in 1..=3 {
            let there = html.contains(&format!("data-case=\"{id}\""));
            assert_eq!(there, cases.contains(&id), "{query} {id}");
        }
    }
}

#[test]
fn a_case_says_why_and_offers_the_steps_that_the_viewer_may_take() {
    let site = site();
    let province = Session::new(&site, Role::Province, None);
    let unit = Session::new(&site, Role::Unit, Some(UNIT));
    let steps_of = |got: &Got| -> Vec<String> {
        let html = got.text();
        let names = steps().iter().map(crate::audit::steps::CaseStep::full_name);
        names.filter(|name| html.contains(&format!("name=\"step\" value=\"{name}\""))).collect()
    };
    let told = province.open("/audit/2");
    assert_eq!(steps_of(&told), ["appeal", "resolve pay", "note"]);
    assert_eq!(steps_of(&province.open("/audit/3")), ["notify", "resolve pay", "note"]);
    assert_eq!(steps_of(&unit.open("/audit/2")), ["appeal", "note"]);
    for id in [1, 3, 99] {
        let got = unit.open(&format!("/audit/{id}"));
        assert_eq!((got.status, got.text().contains("no_such_case")), (404, true), "{id}");
    }
    let html = told.text();
    for there in [
        "[OPPP-2557 s. 41]",
        "hold.rows, hold.percent",
        "อย่างน้อย 5 แถวหรือกลุ่ม และ ≥ 1.00 %",
        "30 ม.ค. 2556",
        "data-row=\"EPI.2.3\"",
        "000861",
        "href=\"/submissions/2\"",
        "10.00 %",
        "/api/v1/statements/10944?round=2556",
    ] {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    assert_eq!(last_logged(&site).unwrap().detail, "audit case 99".replace("99", "2"));
    let english = unit.open("/audit/2?lang=en").text().to_owned();
    for there in ["at least 5 rows or groups and ≥ 1.00 %", "What the unit says", "15 days left"]
    {
        assert!(english.contains(there), "{there} is not in\n{english}");
    }
    assert!(!english.contains("/api/v1/statements/"), "a unit has no statement");
    let rules = unit.open("/audit/rules?lang=en").text().to_owned();
    assert_eq!(rules.matches("data-rule=").count(), 39);
    assert!(rules.contains("id=\"epi_age\"") && rules.contains("[EPI-ACIP]"), "{rules}");
}

#[test]
fn a_form_takes_a_step_and_the_second_of_two_is_told() {
    let site = site();
    let unit = Session::new(&site, Role::Unit, Some(UNIT));
    let province = Session::new(&site, Role::Province, None);
    let tag = unit.tag(2);
    assert_eq!(tag, province.tag(2));
    let appeal = [("step", "appeal"), ("etag", &tag), ("text", "บันทึกวันเกิดผิด")];
    let got = unit.send(2, &appeal);
    assert_eq!(got.status, 303, "{}", got.text());
    assert_eq!(got.header("location"), Some("/audit/2?page=1&done=appeal#history"));
    let after = unit.open("/audit/2?page=1&done=appeal").text().to_owned();
    assert!(after.contains("role=\"status\">✓ บันทึกแล้ว: อุทธรณ์"), "{after}");
    assert!(after.contains("data-state=\"appealed\"") && after.contains("บันทึกวันเกิดผิด"));
    // An officer who had the page of before open.
    let late = province.send(
        2,
        &[
            ("step", "resolve pay"),
            ("decision", "pay"),
            ("etag", &tag),
            ("text", "จ่าย <b>ตามหลักฐาน</b>"),
        ],
    );
    assert_eq!(late.status, 412);
    let html = late.text();
    for there in [
        "data-code=\"case_changed\"",
        "มีผู้ดำเนินการไปก่อนแล้ว",
        "อุทธรณ์แล้ว รอตรวจสอบ",
        "จ่าย &lt;b&gt;ตามหลักฐาน&lt;/b&gt;</textarea>",
    ] {
        assert!(html.contains(there), "{there} is not in\n{html}");
    }
    // The page that tells them has the new tag: sent again, it is taken.
    let fresh = province.tag(2);
    assert!(html.contains(&format!("name=\"etag\" value=\"{fresh}\"")));
    let wrong = [("step", "resolve partial"), ("decision", "partial"), ("etag", &fresh)];
    let got = province.send(2, &[&wrong[..], &[("text", "x")]].concat());
    assert_eq!((got.status, got.text().contains("data-code=\"audit_state\"")), (409, true));
    let verify = [("step", "verify"), ("etag", &fresh), ("on", "2013-01-15"), ("found", "x")];
    let got = province.send(2, &[&verify[..], &[("proposal", "partial")]].concat());
    assert_eq!((got.status, got.text().contains("data-code=\"audit_step\"")), (422, true));
    let whole = [("proposal", "partial"), ("percent", "40"), ("verdict.EPI.2.3", "refuted")];
    let got = province.send(2, &[&verify[..], &whole].concat());
    assert_eq!(got.status, 303, "{}", got.text());
    assert!(province.open("/audit/2").text().contains("ข้อมูลถูกต้อง"));
    // What is not one's own, not there, or of another session.
    assert_eq!(unit.send(1, &[("step", "note"), ("text", "x"), ("etag", "*")]).status, 404);
    assert_eq!(unit.send(2, &[("step", "verify"), ("etag", &fresh)]).status, 403);
    let headers = format!("Cookie: {}\r\nSec-Fetch-Site: same-origin\r\n", unit.cookie);
    let got = post(&site, "/audit/2", &headers, "step=note&text=x&csrf=no");
    assert_eq!((got.status, got.problem().as_str()), (403, "cross_site"));
    let metrics = token(&site, Role::Metrics, None, None).1;
    assert_eq!(get(&site, "/audit", &metrics).status, 403);
}
