//! Builds the program anew when a file in a folder that it embeds is added or
//! removed; the compiler itself sees only changes of files it knows.

fn main() {
    for folder in ["schema", "config"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
