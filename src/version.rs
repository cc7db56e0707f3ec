//! What tells that the code that counts is another one: what an older program
//! has counted and kept is nothing to a newer one, released or not.

use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::files::hex;

/// All that has a part in what a figure comes to, but for what has a version
/// of its own (rulebooks, KPIs) and what is stored.
static CODE: [Dir; 6] = [
    include_dir!("$CARGO_MANIFEST_DIR/src/kpi"),
    include_dir!("$CARGO_MANIFEST_DIR/src/registry"),
    include_dir!("$CARGO_MANIFEST_DIR/src/score"),
    include_dir!("$CARGO_MANIFEST_DIR/src/store"),
    include_dir!("$CARGO_MANIFEST_DIR/schema/codes"),
    include_dir!("$CARGO_MANIFEST_DIR/schema/score"),
];

/// The version of the program, and a digest of the code that counts.
pub static OF_CODE: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for folder in &CODE {
        add(folder, &mut hash);
    }
    format!("{} {}", env!("CARGO_PKG_VERSION"), hex(&hash.finalize()))
});

fn add(folder: &Dir, hash: &mut Sha256) {
    for file in folder.files() {
        hash.update(file.path().as_os_str().as_encoded_bytes());
        hash.update(file.contents());
    }
    for inner in folder.dirs() {
        add(inner, hash);
    }
}
