//! Build script: puts the fingerprint of the sources into the program.

#![allow(clippy::print_stdout, reason = "a build script talks to cargo")]

use std::path::Path;

#[path = "version/sources.rs"]
mod sources;

fn main() -> std::io::Result<()> {
    for source in sources::SOURCES {
        println!("cargo::rerun-if-changed={source}");
    }
    // Cargo runs it in the folder of the package.
    let fingerprint = sources::fingerprint(Path::new("."))?;
    println!("cargo::rustc-env=KHLANG_SOURCES={fingerprint}");
    Ok(())
}
