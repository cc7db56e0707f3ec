//! What the package brings beside the program is true of the program: manual
//! pages, completions, alerts and dashboard. `packaging/test` tries the package
//! itself under a real systemd.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::case::Khlang;
use crate::support::site::Site;

fn file(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The words of a text that are names of metrics of ours.
fn metrics_named_in(text: &str) -> BTreeSet<String> {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .filter(|word| word.starts_with("khlang_") || word.starts_with("process_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn each_metric_of_alerts_and_dashboard_is_one_that_the_service_gives() {
    let site = Site::new();
    let daemon = site.serve();
    let given = ureq::get(format!("http://{}/metrics", daemon.address()))
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    let families: BTreeSet<&str> =
        given.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()).collect();
    for source in
        ["packaging/monitoring/khlang-alerts.yml", "packaging/monitoring/khlang-dashboard.json"]
    {
        let named = metrics_named_in(&file(source));
        assert!(named.len() > 5, "{source}: {named:?}");
        for name in named {
            let family = name.strip_suffix("_bucket").unwrap_or(&name);
            // Said only once something was received.
            let later = family == "khlang_last_archive_age_seconds";
            assert!(later || families.contains(family), "{source} asks for {name}");
        }
    }
}

#[test]
fn the_dashboard_is_one_that_grafana_can_load() {
    let dashboard: Value =
        serde_json::from_str(&file("packaging/monitoring/khlang-dashboard.json")).unwrap();
    assert!(dashboard["schemaVersion"].as_u64().unwrap() >= 36);
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels of one id");
        assert!(["timeseries", "stat"].contains(&panel["type"].as_str().unwrap()));
        let place = &panel["gridPos"];
        let (x, w) = (place["x"].as_u64().unwrap(), place["w"].as_u64().unwrap());
        assert!(x + w <= 24 && w > 0, "{place}");
        for target in panel["targets"].as_array().unwrap() {
            assert!(!target["expr"].as_str().unwrap().is_empty());
        }
    }
}

#[test]
fn each_alert_has_what_to_do_in_both_languages() {
    let alerts = file("packaging/monitoring/khlang-alerts.yml");
    let names: Vec<&str> =
        alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(names.len() > 5, "{names:?}");
    for guide in ["docs/operating.md", "docs/operating.th.md"] {
        let guide_text = file(guide);
        for name in &names {
            assert!(guide_text.contains(&format!("`{name}`")), "{guide} does not tell of {name}");
        }
    }
}

/// The commands of a guide, without what is said beside them; the words of a
/// name may be in its language.
fn commands_of(guide: &str) -> Vec<String> {
    let (mut commands, mut inside) = (Vec::new(), false);
    for line in file(guide).lines() {
        match line.trim() {
            "```sh" => inside = true,
            "```" => inside = false,
            command if inside => {
                let command = command.split("  #").next().unwrap_or_default();
                commands.push(command.trim().to_owned());
            }
            _ => {}
        }
    }
    commands
}

/// `packaging/test` types those of the English one.
#[test]
fn both_guides_give_the_same_commands() {
    let english = commands_of("docs/operating.md");
    assert!(english.len() > 40, "{english:?}");
    assert_eq!(english, commands_of("docs/operating.th.md"));
}

#[test]
fn whatever_the_guides_name_in_the_package_is_packed() {
    let guides = commands_of("docs/operating.md").join(" ") + &file("docs/operating.th.md");
    let packed = file("Cargo.toml");
    let mut named = BTreeSet::new();
    for word in guides.split([' ', '`', '\n', ')']) {
        if let Some(path) = word.strip_prefix("/usr/share/doc/khlang/") {
            named.insert(path.trim_end_matches('/').to_owned());
        }
    }
    assert!(named.len() > 5, "{named:?}");
    for path in named {
        let folder = path.split('/').next().unwrap_or_default();
        assert!(packed.contains(&format!("usr/share/doc/khlang/{folder}/")), "{path}");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging").join(&path);
        assert!(source.exists(), "{path} is not in packaging/");
    }
}

#[test]
fn manual_pages_and_completions_know_every_command() {
    let khlang = Khlang::new();
    let dir = khlang.path("man");
    let ran = khlang.run(&["man", dir.to_str().unwrap()]);
    assert_eq!(ran.status(), 0, "{}", ran.err());
    let main = fs::read_to_string(dir.join("khlang.1")).unwrap();
    for command in ["serve", "import", "submissions", "restore", "verify"] {
        assert!(main.contains(command), "{command}");
        assert!(dir.join(format!("khlang-{command}.1")).exists(), "{command}");
    }
    for shell in ["bash", "zsh", "fish"] {
        let ran = khlang.run(&["completions", shell]);
        assert_eq!(ran.status(), 0, "{}", ran.err());
        assert!(ran.out().contains("restore"), "{shell}");
    }
}
