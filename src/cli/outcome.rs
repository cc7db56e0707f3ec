//! How `check` and `import` show what became of archives.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};

use super::context::CommandContext;
use super::output::{CommandOutcome, Lang, print, shown};
use crate::load::receipt;
use crate::printable;
use crate::submission::{Status, Submission};

/// From what on the input falls short (exit status 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum FailOn {
    /// A broken archive.
    Broken,
    /// Also a broken member.
    Partial,
    /// Also a rejected row.
    Error,
    /// Also a warning.
    Warning,
}

/// Options of `check` and `import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Archives; they stay where they are
    #[arg(required = true, value_name = "ARCHIVE")]
    pub archives: Vec<PathBuf>,
    /// Print one JSON document (an array of outcomes)
    #[arg(long)]
    pub json: bool,
    /// From what on the exit status is 2
    #[arg(long, value_enum, default_value = "broken")]
    pub fail_on: FailOn,
}

impl Args {
    /// Nothing is judged of a list that has a mistake in it.
    pub fn prove(&self) -> anyhow::Result<()> {
        for path in &self.archives {
            crate::files::open_plain(path).with_context(|| path.display().to_string())?;
        }
        Ok(())
    }
}

/// Prints outcomes one by one, so that none is kept, and says in the end how
/// they compare to `--fail-on`.
pub struct OutcomePrinter {
    thai: bool,
    json: bool,
    fail_on: FailOn,
    shown: u64,
    short: bool,
}

impl OutcomePrinter {
    /// Nothing shown yet.
    pub fn new(context: &CommandContext, args: &Args) -> Self {
        let thai = context.lang == Lang::Th;
        Self { thai, json: args.json, fail_on: args.fail_on, shown: 0, short: false }
    }

    /// Shows one more.
    pub fn one(&mut self, submission: &Submission) -> anyhow::Result<()> {
        self.short |= falls_short(submission, self.fail_on);
        self.shown += 1;
        if self.json {
            let begin = if self.shown == 1 { "[" } else { "," };
            let json = serde_json::to_string_pretty(submission)?;
            print(format!("{begin}{}", printable::json(&json)))
        } else {
            print(receipt::one(submission, self.thai))
        }
    }

    /// Ends what is shown: an array is a whole one also after trouble.
    pub fn end(self) -> anyhow::Result<CommandOutcome> {
        if self.json {
            print(if self.shown == 0 { "[]" } else { "]" })?;
        }
        Ok(if self.short { CommandOutcome::InputIncomplete } else { CommandOutcome::Ok })
    }
}

fn falls_short(s: &Submission, fail_on: FailOn) -> bool {
    let rejected = s.files.iter().any(|file| file.counts.rejected > 0);
    match fail_on {
        FailOn::Broken => s.status == Status::Broken,
        FailOn::Partial => s.status != Status::Accepted,
        FailOn::Error => s.status != Status::Accepted || rejected,
        FailOn::Warning => s.status != Status::Accepted || !s.findings_total.is_empty(),
    }
}

/// A bar for long loads on a terminal; nothing in a pipe.
pub struct Progress {
    bar: ProgressBar,
    read: AtomicU64,
}

impl Progress {
    fn new(path: &Path) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {msg} {bytes} {bytes_per_sec}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        } else {
            ProgressBar::hidden()
        };
        bar.set_message(shown(Path::new(path.file_name().unwrap_or_default())));
        Self { bar, read: AtomicU64::new(0) }
    }

    /// A progress callback that draws a bar for an archive.
    pub fn bar(path: &Path) -> Arc<dyn Fn(u64) + Send + Sync> {
        let progress = Self::new(path);
        Arc::new(move |bytes| progress.add(bytes))
    }

    /// Told the inflated bytes that have been read.
    fn add(&self, bytes: u64) {
        self.bar.set_position(self.read.fetch_add(bytes, Ordering::Relaxed) + bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
