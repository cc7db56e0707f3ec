//! What every command starts from: the global options, and what they lead to.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Config;
use crate::credentials::Identity;
use crate::environment::Environment;
use crate::files::{is_there, may_look_around};
use crate::inbox::Folders;
use crate::overlay::Overlay;
use crate::store::{AccessEntry, AccessStore, Action, Opening, PartialResults, Reader, Store};
use crate::text::{Lang, message_with, text};
use crate::units::Units;

/// The configuration file that is used when it is there.
const DEFAULT_CONFIG: &str = "config/khlang.toml";

/// The global options.
#[derive(Debug, Clone)]
pub struct CommandContext {
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: PathBuf,
    /// `--now`.
    pub clock: Clock,
    /// `--lang`.
    pub lang: Lang,
}

impl CommandContext {
    /// The configuration in force.
    ///
    /// # Errors
    /// A file that cannot be read, and values that are unknown or out of range.
    pub fn config(&self) -> anyhow::Result<Config> {
        let default = PathBuf::from(DEFAULT_CONFIG);
        let file = match &self.config {
            Some(file) => Some(file.clone()),
            None if !may_look_around() => None,
            None => is_there(&default)
                .with_context(|| default.display().to_string())?
                .then_some(default),
        };
        Ok(Config::load(file.as_deref(), std::env::vars())?)
    }

    /// The facilities in force.
    ///
    /// # Errors
    /// Fails if no list of units can be read and none was kept.
    pub fn units(&self, config: &Config) -> anyhow::Result<Units> {
        let units = Units::in_force(&self.data, &config.units, &|| self.sent());
        let units = units.with_context(|| {
            format!("the list of units (put one at {})", self.data.join("units.csv").display())
        })?;
        if let Some(held) = &units.held {
            log::warn!("{} / {}", held.th, held.en);
        }
        Ok(units)
    }

    /// What each unit has sent; nothing when that cannot be told.
    fn sent(&self) -> Option<BTreeMap<String, u64>> {
        let path = Folders::new(&self.data).database();
        if is_there(&path).is_ok_and(|there| !there) {
            return Some(BTreeMap::new());
        }
        // The first start after an upgrade asks before the store is migrated.
        let sent = Reader::open_any_version(&path).and_then(|reader| reader.archives_by_unit());
        sent.inspect_err(|error| log::error!("which units have sent: {error}")).ok()
    }

    /// The list of units, when money can be paid through every main unit of it.
    ///
    /// # Errors
    /// As [`CommandContext::units`], and if a main unit is not in the list.
    pub fn payable_units(&self, config: &Config) -> anyhow::Result<Units> {
        let units = self.units(config)?;
        match units.cups_unknown().first() {
            Some(error) => Err(error.clone().into()),
            None => Ok(units),
        }
    }

    /// The catalogue, with the province's own code lists.
    ///
    /// # Errors
    /// A list of codes that cannot be read or is wrong.
    pub fn catalog(&self, config: &Config) -> anyhow::Result<Catalog> {
        Ok(Catalog::load(Some(&Overlay::codes(&self.data, &config.codes)))?)
    }

    /// All that loading rests on.
    ///
    /// # Errors
    /// As [`CommandContext::config`], [`CommandContext::units`] and
    /// [`CommandContext::catalog`].
    pub fn environment(&self) -> anyhow::Result<Environment> {
        let config = self.config()?;
        let units = self.units(&config)?;
        let catalog = self.catalog(&config)?;
        for overlay in Overlay::all(&self.data, &config.codes) {
            for note in overlay.notes()? {
                log::warn!("{} / {}", note.th, note.en);
            }
        }
        Environment::new(catalog, units, config).map_err(|what| anyhow::anyhow!("schema: {what}"))
    }

    /// The folders, made when they are missing.
    ///
    /// # Errors
    /// Fails if a folder cannot be made, or its permissions not be set.
    pub fn folders(&self) -> anyhow::Result<Folders> {
        let folders = Folders::new(&self.data);
        folders.create().with_context(|| format!("making {}", self.data.display()))?;
        Ok(folders)
    }

    /// The store, open for writing; the list of units it is written by is kept.
    ///
    /// # Errors
    /// As [`Store::open_with`], and if the list of units cannot be kept.
    pub fn store(&self, environment: &Environment, folders: &Folders) -> anyhow::Result<Store> {
        // What is loaded by a list is what a later, damaged one is held against.
        environment.units.keep(&self.data).context("keeping the list of units")?;
        let config = &environment.config.store;
        let opening =
            Opening { cache_mib: config.cache_mib, copy_first: config.copy_before_migration };
        let opened = Store::open_with(&folders.database(), &environment.catalog, opening);
        let mut store =
            opened.with_context(|| format!("opening {}", folders.database().display()))?;
        store.leave_free(environment.config.limits.free_bytes)?;
        Ok(store)
    }

    /// A reader of the store that is there, in the form that this program asks.
    ///
    /// # Errors
    /// Fails if there is no database, or it is of another program or version.
    pub fn reader(&self) -> anyhow::Result<Reader> {
        let reader = Reader::open(&self.database()?, None)?;
        reader.require_tables_of(&Catalog::builtin()?)?;
        Ok(reader)
    }

    /// A reader of the store that is there, also of one that an older Khlang wrote:
    /// for what copies it, and before what opens it for writing, which migrates it.
    ///
    /// # Errors
    /// Fails if there is no database, or it is of another program or a newer version.
    pub fn reader_of_any_version(&self) -> anyhow::Result<Reader> {
        Ok(Reader::open_any_version(&self.database()?)?)
    }

    fn database(&self) -> anyhow::Result<PathBuf> {
        let path = Folders::new(&self.data).database();
        let there = is_there(&path).with_context(|| path.display().to_string())?;
        anyhow::ensure!(there, "there is no database at {}", path.display());
        Ok(path)
    }

    /// What is kept of figures; nothing when all is to be counted anew.
    pub fn kept(&self, config: &Config, fresh: bool) -> PartialResults {
        let most_mib = if fresh { 0 } else { config.limits.figures_kept_mib };
        PartialResults::open(&self.data, most_mib)
    }

    /// Tokens and the access log.
    ///
    /// # Errors
    /// As [`AccessStore::open`], and if the folders cannot be made.
    pub fn access(&self) -> anyhow::Result<AccessStore> {
        let folders = self.folders()?;
        AccessStore::open(&folders.data)
            .with_context(|| format!("opening {}", AccessStore::path(&folders.data).display()))
    }

    /// Writes a change that was made by hand into the access log.
    ///
    /// # Errors
    /// Fails if the line cannot be written into the access log.
    pub fn log_change(
        &self,
        what: &str,
        unit: Option<&str>,
        submission: Option<i64>,
        detail: &str,
    ) -> anyhow::Result<()> {
        let identity = Identity { name: user(), ..Identity::local() };
        let at = self.clock.stamp();
        let entry = AccessEntry {
            at: &at,
            identity: &identity,
            peer: "cli",
            action: Action::Change,
            route: what,
            unit,
            submission,
            detail,
        };
        Ok(self.access()?.log(&entry)?)
    }

    /// The text of a key in the language asked for.
    pub fn message(&self, key: &str) -> &'static str {
        text(key).pick(self.lang)
    }

    /// The text of a key with values, in the language asked for.
    pub fn message_with(&self, key: &str, values: &[(&str, &dyn Display)]) -> String {
        message_with(key, values).pick(self.lang).to_owned()
    }

    /// Picks the text in the language asked for.
    pub fn pick<'t>(&self, th: &'t str, en: &'t str) -> &'t str {
        match self.lang {
            Lang::Th => th,
            Lang::En => en,
        }
    }
}

/// Who runs the program.
pub fn user() -> String {
    std::env::var("USER").unwrap_or_else(|_| "cli".to_owned())
}
