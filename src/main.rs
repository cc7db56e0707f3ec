//! The `khlang` binary: reads the command line, runs one command, says how it
//! went by the exit status.

use std::process::ExitCode;

fn main() -> ExitCode {
    khlang::cli::main()
}
