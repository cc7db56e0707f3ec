//! A real browser that does what a person does: Debian's Chromium, driven by
//! its own driver over `WebDriver`. Waits have deadlines that only a page that
//! never comes reaches.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::site::wait_or;

/// How an element is named in the answers of a driver.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// Where programs are looked for.
fn program(names: &[&str]) -> Option<PathBuf> {
    let found = names.iter().map(|name| Path::new("/usr/bin").join(name)).find(|p| p.exists());
    assert!(
        found.is_some() || std::env::var_os("KHLANG_TEST_BROWSER").is_none(),
        "the browser tests were asked for, but there is no {names:?}"
    );
    found
}

/// A browser of one test, with a profile of its own; gone with it.
pub struct Browser {
    driver: Child,
    session: String,
    agent: ureq::Agent,
    /// Where downloads go.
    pub downloads: PathBuf,
}

impl Browser {
    /// A browser; none where there is no Chromium.
    #[allow(clippy::print_stderr, reason = "who runs the tests should know what was left out")]
    pub fn start(folder: &Path) -> Option<Self> {
        let programs = program(&["chromium", "google-chrome"]).zip(program(&["chromedriver"]));
        let Some((browser, driver)) = programs else {
            eprintln!("left out: no Chromium and driver here (bash tests/run installs them)");
            return None;
        };
        let mut driver = Command::new(driver)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| {
            let line = line.unwrap();
            let port = line.split_once("started successfully on port ")?.1;
            Some(port.trim_end_matches('.').to_owned())
        });
        // Somebody must read what else it says, or it stops when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        let downloads = folder.join("downloads");
        fs::create_dir_all(&downloads).unwrap();
        let mut started = Self {
            driver,
            session: format!("http://127.0.0.1:{}/session", port.unwrap()),
            agent: config.into(),
            downloads,
        };
        let profile = format!("--user-data-dir={}", folder.join("profile").display());
        let wanted = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": {
            "binary": browser,
            "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-sync",
                "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars",
                "--window-size=1280,900", profile],
            "prefs": { "download.default_directory": started.downloads },
        } } } });
        let made = started.say("", &wanted);
        let id = made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}"));
        started.session = format!("{}/{id}", started.session);
        Some(started)
    }

    /// A command; its answer's value, which may be an error.
    fn say(&self, path: &str, body: &Value) -> Value {
        let address = format!("{}{path}", self.session);
        let reply =
            self.agent.post(&address).content_type("application/json").send(body.to_string());
        let text = reply.unwrap().body_mut().read_to_string().unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["value"].take()
    }

    /// A command that must do.
    fn must(&self, path: &str, body: &Value) -> Value {
        let value = self.say(path, body);
        assert!(value.get("error").is_none(), "{path} {body}: {value}\n{}", self.page());
        value
    }

    /// What a script gives.
    pub fn script(&self, script: &str, arguments: &[Value]) -> Value {
        self.must("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// What a script gives that calls its last argument when it is done.
    pub fn later(&self, script: &str, arguments: &[Value]) -> Value {
        self.must("/execute/async", &json!({ "script": script, "args": arguments }))
    }

    /// From here on pages run no script of theirs.
    pub fn without_scripts(&self) {
        self.must(
            "/goog/cdp/execute",
            &json!({ "cmd": "Emulation.setScriptExecutionDisabled", "params": { "value": true } }),
        );
    }

    /// Opens an address.
    pub fn open(&self, address: &str) {
        self.must("/url", &json!({ "url": address }));
    }

    /// The address of the page.
    pub fn address(&self) -> String {
        self.script("return location.pathname + location.search", &[]).as_str().unwrap().to_owned()
    }

    /// The page as it is now.
    pub fn page(&self) -> String {
        let page = self.say(
            "/execute/sync",
            &json!({ "script": "return document.documentElement.outerHTML", "args": [] }),
        );
        page.as_str().unwrap_or_default().to_owned()
    }

    /// The first element of a selector.
    fn find(&self, selector: &str) -> Option<String> {
        let wanted = json!({ "using": "css selector", "value": selector });
        self.say("/element", &wanted)[ELEMENT].as_str().map(str::to_owned)
    }

    fn element(&self, selector: &str) -> String {
        self.find(selector).unwrap_or_else(|| panic!("no {selector} in {}", self.page()))
    }

    /// Whether there is one.
    pub fn has(&self, selector: &str) -> bool {
        self.find(selector).is_some()
    }

    /// Waits until there is one.
    pub fn wait_for(&self, selector: &str) {
        self.wait(selector, || self.has(selector));
    }

    /// Waits until something is so.
    pub fn wait(&self, what: &str, so: impl FnMut() -> bool) {
        wait_or(what, so, || self.page());
    }

    /// The text of an element, as a person reads it.
    pub fn text(&self, selector: &str) -> String {
        let script = "return document.querySelector(arguments[0])?.innerText ?? null";
        let text = self.script(script, &[json!(selector)]);
        text.as_str().unwrap_or_else(|| panic!("no {selector} in {}", self.page())).to_owned()
    }

    /// Clicks, as a person does: on what can be seen.
    pub fn click(&self, selector: &str) {
        self.must(&format!("/element/{}/click", self.element(selector)), &json!({}));
    }

    /// Types into a field, over what stands in it.
    pub fn write(&self, selector: &str, text: &str) {
        let element = self.element(selector);
        self.must(&format!("/element/{element}/clear"), &json!({}));
        self.must(&format!("/element/{element}/value"), &json!({ "text": text }));
    }

    /// Presses keys where the focus is.
    pub fn press(&self, keys: &str) {
        let each = keys
            .chars()
            .flat_map(|key| ["keyDown", "keyUp"].map(|what| json!({ "type": what, "value": key })));
        let actions = json!([{ "type": "key", "id": "keys", "actions": each.collect::<Vec<_>>() }]);
        self.must("/actions", &json!({ "actions": actions }));
    }

    /// Makes the window so wide (in points of the page) and high.
    pub fn resize(&self, width: u32, height: u32) {
        self.must("/goog/cdp/execute", &json!({
            "cmd": "Emulation.setDeviceMetricsOverride",
            "params": { "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false },
        }));
    }

    /// A picture of the whole page, PNG.
    pub fn picture(&self) -> Vec<u8> {
        let picture = self.must(
            "/goog/cdp/execute",
            &json!({
                "cmd": "Page.captureScreenshot",
                "params": { "captureBeyondViewport": true, "format": "png" },
            }),
        );
        bytes(&picture["data"])
    }

    /// The page as it is printed, PDF.
    pub fn print(&self) -> Vec<u8> {
        let page = json!({ "width": 21.0, "height": 29.7 });
        bytes(&self.must("/print", &json!({ "page": page })))
    }

    /// Waits for a download that is whole.
    pub fn downloaded(&self, name: &str) -> Vec<u8> {
        let path = self.downloads.join(name);
        self.wait(name, || path.exists());
        fs::read(path).unwrap()
    }
}

fn bytes(base64: &Value) -> Vec<u8> {
    base64::engine::general_purpose::STANDARD.decode(base64.as_str().unwrap()).unwrap()
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser; without its driver it would go on.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
