//! What the program is made of: every crate that is linked into it comes from
//! the one registry and under a licence that was decided on.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

/// Licences as the crates state them. Two are MPL-2.0 (parts of the HTML
/// sanitiser): their own files stay open, which they are, and nothing else is
/// asked.
const LICENCES: &[&str] = &[
    "(Apache-2.0 OR MIT) AND BSD-3-Clause",
    "(MIT OR Apache-2.0) AND Unicode-3.0",
    "Apache-2.0",
    "Apache-2.0 / MIT",
    "Apache-2.0 OR BSL-1.0",
    "Apache-2.0 OR MIT",
    "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
    "BSD-2-Clause OR Apache-2.0 OR MIT",
    "BSD-3-Clause",
    "CC0-1.0",
    "CC0-1.0 OR MIT-0 OR Apache-2.0",
    "ISC",
    "MIT",
    "MIT AND BSD-3-Clause",
    "MIT OR Apache-2.0",
    "MIT/Apache-2.0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense OR MIT",
    "Unlicense/MIT",
    "Zlib",
];

/// Where crates come from, as cargo writes it.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[test]
fn each_crate_comes_from_the_registry_under_a_licence_that_was_decided_on() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let ran = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let all: Value = serde_json::from_slice(&ran.stdout).unwrap();
    let packages = all["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{}", packages.len());
    let mut stated = BTreeSet::new();
    for package in packages {
        let name = &package["name"];
        if name == "khlang" {
            continue;
        }
        assert_eq!(package["source"], REGISTRY, "{name}");
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(LICENCES.contains(&licence), "{name} is under {licence:?}");
        stated.insert(licence);
    }
    let idle: Vec<_> = LICENCES.iter().filter(|licence| !stated.contains(*licence)).collect();
    assert!(idle.is_empty(), "no crate is under {idle:?} any more");
}
