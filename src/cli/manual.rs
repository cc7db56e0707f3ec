//! `khlang man` and `khlang completions`: what the package installs for the
//! shell, made from the same command line that the program reads.

use std::path::PathBuf;

use clap::Command;
use clap_complete::Shell;

use super::output::{CommandOutcome, print};

/// Where the manual pages go.
#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// Folder for the pages: khlang.1 and one for each command
    dir: PathBuf,
}

/// Which shell is to complete words.
#[derive(Debug, clap::Args)]
pub struct CompletionArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes a manual page for the program and one for each command.
pub fn man(command: Command, args: &ManArgs) -> anyhow::Result<CommandOutcome> {
    std::fs::create_dir_all(&args.dir)?;
    clap_mangen::generate_to(command, &args.dir)?;
    Ok(CommandOutcome::Ok)
}

/// Writes the completions of one shell to standard output.
pub fn completions(mut command: Command, args: &CompletionArgs) -> anyhow::Result<CommandOutcome> {
    // Made in memory first: the generator panics when its output is closed.
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, "khlang", &mut text);
    print(String::from_utf8_lossy(&text).trim_end())?;
    Ok(CommandOutcome::Ok)
}
