//! The whole way of [OPPP-2557 s. 28], as `docs/slide28.sh` walks it.

use std::process::Command;

use crate::support::site::Site;

#[test]
fn what_comes_back_is_mended_and_paid_from_an_empty_folder() {
    let site = Site::new();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/slide28.sh");
    let ran = Command::new("bash")
        .arg(script)
        .arg(site.root().join("run"))
        .arg(env!("CARGO_BIN_EXE_khlang"))
        .output()
        .unwrap();
    let (said, wrong) =
        (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{said}{wrong}");
    for wanted in ["4 rows passed, 0 were refused", "ok:"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
}
