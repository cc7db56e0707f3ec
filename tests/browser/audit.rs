//! Every page in both languages, on a desk and on a phone: looked at by the
//! accessibility engine axe-core, drawn, and proven to need no sideways
//! scrolling. The pictures stay in `target/tmp/pages` for people to look at.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Browser, filled, province, sign_in, site, token, units};

/// Widths in points of the page: an office desk and a small phone.
const WIDTHS: [u32; 2] = [1280, 360];

/// Runs the engine and gives what is seriously wrong.
const AUDIT: &str = "
    const done = arguments[arguments.length - 1];
    axe.run(document, { resultTypes: ['violations'] }).then(
        (found) => done(found.violations
            .filter((v) => ['serious', 'critical'].includes(v.impact))
            .map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).slice(0, 3).join(' | ')}`)),
        (error) => done([String(error)]));
";

/// The engine's script, where `tests/run` has put it.
#[allow(clippy::print_stderr, reason = "who runs the tests should know what was left out")]
fn engine() -> Option<String> {
    let path = std::env::var_os("KHLANG_TEST_AXE").map(PathBuf::from);
    let Some(path) = path else {
        let insisted = std::env::var_os("KHLANG_TEST_BROWSER").is_some();
        assert!(!insisted, "the browser tests were asked for, but KHLANG_TEST_AXE is not set");
        eprintln!("left out: no axe-core here (bash tests/run fetches it)");
        return None;
    };
    Some(fs::read_to_string(path).unwrap())
}

/// What is wrong with a page, as one sentence each.
fn audit(browser: &Browser, engine: &str) -> Vec<String> {
    browser.script(engine, &[]);
    let found = browser.later(AUDIT, &[]);
    let said = found.as_array().unwrap_or_else(|| panic!("{found}"));
    said.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Looks at pages, by name and address, in both languages and widths.
pub fn look_at(browser: &Browser, address: &str, pages: &[(&str, &str)]) {
    let Some(engine) = engine() else { return };
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    fs::create_dir_all(&pictures).unwrap();
    let mut wrong = Vec::new();
    for (name, path) in pages {
        for lang in ["th", "en"] {
            let mark = if path.contains('?') { '&' } else { '?' };
            browser.resize(WIDTHS[0], 900);
            browser.open(&format!("{address}{path}{mark}lang={lang}"));
            browser.wait_for(&format!("html[lang={lang}] main"));
            browser.wait("figures", || !browser.has("#computing"));
            let at = format!("{name} in {lang}");
            wrong.extend(audit(browser, &engine).into_iter().map(|what| format!("{at}: {what}")));
            for width in WIDTHS {
                browser.resize(width, 900);
                let script = "return document.documentElement.scrollWidth";
                let wide = browser.script(script, &[]).as_u64().unwrap();
                if wide > u64::from(width) {
                    wrong.push(format!("{at}: {wide} wide where {width} are"));
                }
                let picture = browser.picture();
                assert!(picture.starts_with(b"\x89PNG"), "{at}");
                fs::write(pictures.join(format!("{name}-{lang}-{width}.png")), picture).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Looks at the page that is open, as it is, in both widths.
pub fn look_here(browser: &Browser, name: &str) {
    let Some(engine) = engine() else { return };
    let pictures = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pages");
    fs::create_dir_all(&pictures).unwrap();
    for width in WIDTHS.into_iter().rev() {
        browser.resize(width, 900);
        let wrong = audit(browser, &engine);
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
        let wide = browser.script("return document.documentElement.scrollWidth", &[]);
        assert!(wide.as_u64().unwrap() <= u64::from(width), "{name}: {wide} where {width} are");
        fs::write(pictures.join(format!("{name}-{width}.png")), browser.picture()).unwrap();
    }
    browser.resize(WIDTHS[0], 900);
}

#[test]
fn pages_of_what_was_sent_are_for_everybody() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = filled(&site);
    look_at(
        &browser,
        &address,
        &[
            ("today", "?live=off"),
            ("submission-partial", "submissions/2"),
            ("unit", "units/10670"),
            ("unit-broken", "units/04001"),
            ("unit-silent", "units/04002"),
            ("submissions", "submissions?status=partial"),
            ("units", "units"),
            ("exports", "exports"),
            ("api", "api"),
            ("no-such-page", "nowhere"),
        ],
    );
    daemon.stop();
}

#[test]
fn pages_of_figures_are_for_everybody() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = province(&site);
    let hcode = units(&site).remove(0);
    let warned = format!("units/{hcode}?severity=warning");
    let (unit, explain) =
        (format!("units/{hcode}"), format!("kpi/dm_screen/explain?unit={hcode}&person=000001"));
    look_at(
        &browser,
        &address,
        &[
            ("day", "?live=off"),
            ("expected", "expected"),
            ("expected-over", "expected?month=2014-02"),
            ("quality", "quality"),
            ("unit-scored", &unit),
            ("unit-warned", &warned),
            ("all-units", "units"),
            ("all-submissions", "submissions"),
            ("kpis", "kpi"),
            ("kpi", "kpi/dm_screen"),
            ("kpi-target", "kpi/ht_control?level=cup"),
            ("kpi-unknown", "kpi/refer_out"),
            ("explain", &explain),
        ],
    );
    daemon.stop();
}

#[test]
fn the_way_in_is_for_everybody() {
    let site = site();
    let Some(browser) = Browser::start(site.root()) else { return };
    let (mut daemon, address) = filled(&site);
    let cup = token(&site, "cup", Some("10670"));
    look_at(&browser, &address, &[("sign-in", "sign-in")]);
    browser.open(&address);
    sign_in(&browser, &cup);
    look_at(&browser, &address, &[("signed-in", "?live=off"), ("refused", "exports")]);
    daemon.stop();
}
