//! The `khlang` binary: reads the command line, runs one command, says how it
//! went by the exit status.

use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

/// How many heaps glibc may make, as it reads it when a program starts.
const HEAPS: &str = "MALLOC_ARENA_MAX";

fn main() -> ExitCode {
    bound_heaps();
    khlang::cli::main()
}

/// Begins again with few heaps. Left to itself glibc gives each thread one and
/// keeps what each once held: the daemon then held twice the memory, 420 MiB
/// instead of 200. With fewer than four the thread that writes shares its own
/// with one that works ahead, and waits whenever that one is interrupted while
/// it has the lock: a tenth of a load. The process stays the same one.
fn bound_heaps() {
    if cfg!(target_env = "gnu")
        && std::env::var_os(HEAPS).is_none()
        && let Ok(program) = std::env::current_exe()
    {
        let mut name = std::env::args_os();
        let mut again = Command::new(program);
        if let Some(name) = name.next() {
            again.arg0(name);
        }
        // Returns only when it could not be done; then more memory is used.
        let _ = again.args(name).env(HEAPS, "4").exec();
    }
}
