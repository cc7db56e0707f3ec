//! Lanes and turns, with work that does nothing but succeed, fail or wait.

use std::time::Duration;

use super::*;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Config;
use crate::units::Units;

type Run = Box<dyn Fn() -> anyhow::Result<String> + Send + Sync>;

struct Fake(&'static str, Lane, Run);

impl Work for Fake {
    fn name(&self) -> String {
        self.0.to_owned()
    }

    fn lane(&self) -> Lane {
        self.1
    }

    fn troubles_inbox(&self) -> bool {
        self.1 == Lane::Background
    }

    fn past(&self, place: &WorkPlace, _: &Schedule) -> anyhow::Result<Past> {
        anyhow::ensure!(self.0 != "unreadable", "its past cannot be read");
        Ok(Past { since: place.clock.now() - chrono::TimeDelta::hours(1), done: None })
    }

    fn run(&self, _: &WorkRun<'_>) -> anyhow::Result<String> {
        (self.2)()
    }

    fn count(&self, metrics: &Metrics, done: bool) {
        metrics.exported(done);
    }
}

/// Scheduled work at a clock that stands still: what was done is due no more.
struct Scene {
    work: ScheduledWork,
    events: Receiver<Event>,
    environment: Arc<Environment>,
    metrics: Metrics,
    _data: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("exports")).unwrap();
        let (data, database) = (folder.path().to_owned(), folder.path().join("khlang.db"));
        let clock = Clock::fixed("2014-07-01T03:00:00+07:00".parse().unwrap());
        let (events, woken) = bounded(8);
        let work = ScheduledWork::start(WorkPlace { data, database, clock }, &events).unwrap();
        let catalog = Catalog::builtin().unwrap();
        let environment = Environment::new(catalog, Units::default(), Config::default()).unwrap();
        let (environment, metrics) = (Arc::new(environment), Metrics::default());
        Self { work, events: woken, environment, metrics, _data: folder }
    }

    fn watch(&mut self, schedule: &str, all: Vec<Fake>) {
        let proven = all.into_iter().map(|work| {
            let work: Arc<dyn Work> = Arc::new(work);
            (work, schedule.parse().unwrap())
        });
        self.work.watch(ProvenWork(proven.collect()));
    }

    fn start_due(&mut self, idle: bool) {
        self.work.start_due(&Arc::clone(&self.environment), idle);
    }

    /// The lanes in which something runs.
    fn running(&self) -> Vec<Lane> {
        Lane::ALL.into_iter().filter(|lane| self.work.lanes[*lane as usize].running).collect()
    }

    /// The next outcome, recorded.
    fn next(&mut self) -> (String, Result<String, String>) {
        let event = self.events.recv_timeout(Duration::from_mins(1)).unwrap();
        let Event::WorkDone(done) = event else { panic!("{event:?}") };
        self.work.done(&done, &self.metrics);
        (done.work.name(), done.outcome)
    }
}

fn good(name: &'static str, lane: Lane) -> Fake {
    Fake(name, lane, Box::new(|| Ok("done".to_owned())))
}

fn bad(name: &'static str, lane: Lane) -> Fake {
    Fake(name, lane, Box::new(|| anyhow::bail!("the disk is full")))
}

#[test]
fn a_long_run_in_one_lane_keeps_no_other_from_its_turn() {
    let (release, wait) = bounded::<()>(0);
    let mut scene = Scene::new();
    let long = move || {
        wait.recv()?;
        Ok("at last".to_owned())
    };
    let long = Fake("long", Lane::Background, Box::new(long));
    scene.watch("@hourly", vec![long, good("a", Lane::Folders), good("b", Lane::Folders)]);
    scene.start_due(true);
    assert_eq!(scene.running(), Lane::ALL);
    assert_eq!(scene.next().0, "a");
    scene.start_due(true);
    assert_eq!(scene.next().0, "b");
    assert_eq!(scene.running(), [Lane::Background]);
    release.send(()).unwrap();
    assert_eq!(scene.next(), ("long".to_owned(), Ok("at last".to_owned())));
}

#[test]
fn what_fails_or_panics_waits_to_be_tried_again_and_the_others_have_their_turn() {
    let mut scene = Scene::new();
    let panics = Fake("panics", Lane::Folders, Box::new(|| panic!("a bug")));
    scene.watch("@hourly", vec![bad("fails", Lane::Folders), panics, good("a", Lane::Folders)]);
    let mut seen = Vec::new();
    for _ in 0..3 {
        scene.start_due(true);
        let (name, outcome) = scene.next();
        seen.push((name, outcome.is_ok()));
    }
    let wanted = [("fails", false), ("panics", false), ("a", true)];
    assert_eq!(seen, wanted.map(|(name, good)| (name.to_owned(), good)));
    scene.start_due(true);
    assert_eq!(scene.running(), [], "none is due, or tried again at once");
}

#[test]
fn work_that_is_due_again_at_once_waits_for_what_is_due_longer() {
    let mut scene = Scene::new();
    scene.watch("* * * * *", vec![good("export", Lane::Folders), good("forward", Lane::Folders)]);
    scene.start_due(true);
    assert_eq!(scene.next().0, "export");
    // It took longer than it is apart, and is due again.
    let done = &mut scene.work.watched[0].past.done;
    *done = done.map(|done| done - chrono::TimeDelta::minutes(5));
    scene.start_due(true);
    assert_eq!(scene.next().0, "forward");
    scene.start_due(true);
    assert_eq!(scene.next().0, "export");
}

#[test]
fn work_in_the_background_begins_when_no_archive_waits() {
    let mut scene = Scene::new();
    scene.watch("@hourly", vec![good("audit", Lane::Background), good("a", Lane::Folders)]);
    scene.start_due(false);
    assert_eq!(scene.running(), [Lane::Folders]);
    assert_eq!(scene.next().0, "a");
    scene.start_due(true);
    assert_eq!(scene.next().0, "audit");
}

#[test]
fn a_reload_keeps_the_past_and_the_trouble_of_what_keeps_its_schedule() {
    let mut scene = Scene::new();
    let work = || vec![bad("audit", Lane::Background), good("a", Lane::Folders)];
    scene.watch("@hourly", work());
    scene.start_due(true);
    let mut names = [scene.next().0, scene.next().0];
    names.sort();
    assert_eq!(names, ["a", "audit"]);
    assert_eq!(scene.work.trouble().as_deref(), Some("audit: the disk is full"));

    scene.watch("@hourly", work());
    assert!(scene.work.trouble().is_some());
    scene.start_due(true);
    assert_eq!(scene.running(), [Lane::Background], "one was done, the other is tried again");
    assert!(scene.next().1.is_err());

    // A schedule that was changed has missed nothing.
    scene.watch("@daily", work());
    scene.start_due(true);
    assert_eq!(scene.running(), []);

    // What is watched no more troubles nobody, and what cannot be is left out.
    scene.watch("@daily", vec![good("unreadable", Lane::Folders), good("a", Lane::Folders)]);
    assert_eq!(scene.work.trouble(), None);
    assert_eq!(scene.work.watched.len(), 1);
}

/// A mistake in any kind of work keeps the configuration from coming in force.
#[test]
fn every_kind_tells_a_mistake_in_its_configuration() {
    let data = tempfile::tempdir().unwrap();
    let proven = |text: &str| {
        let file = data.path().join("khlang.toml");
        crate::files::write_whole(&file, text.as_bytes()).unwrap();
        let config = Config::load(Some(&file), std::iter::empty())?;
        let environment =
            Environment::new(Catalog::builtin().unwrap(), Units::default(), config).unwrap();
        prove(&environment, data.path()).map(|proven| proven.0.len())
    };
    assert_eq!(proven("[audit]\nschedule = \"0 3 * * *\"\n").unwrap(), 1);
    assert_eq!(proven("[audit]\nschedule = \"\"\n").unwrap(), 0);
    let error = proven("[audit]\nschedule = \"61 3 * * *\"\n").unwrap_err();
    assert!(error.to_string().contains("[audit]"), "{error}");
}
