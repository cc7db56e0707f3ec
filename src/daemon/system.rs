//! What the operating system tells the daemon, and is told by it: changes in
//! the inbox, signals, the service manager.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::Sender;
use notify::Watcher as _;

use super::event::Event;
use super::queue::Hints;

/// Change notification; without it (network shares, limits) polling goes on.
pub(super) fn watch(
    inbox: &Path,
    hints: Arc<Hints>,
    events: Sender<Event>,
) -> Option<notify::RecommendedWatcher> {
    // The system tells whole paths, whatever way the folder was named.
    let (named, whole) = (inbox.to_owned(), std::path::absolute(inbox).unwrap_or_default());
    let as_named = move |path: &PathBuf| Some(named.join(path.strip_prefix(&whole).ok()?));
    let hint = move |event: notify::Result<notify::Event>| {
        if let Ok(event) = event
            && !event.kind.is_access()
            && hints.add(event.paths.iter().filter_map(&as_named).collect())
        {
            // A full channel means that a look is due anyway.
            let _ = events.try_send(Event::Hint);
        }
    };
    let watch = notify::recommended_watcher(hint).and_then(|mut watcher| {
        watcher.watch(inbox, notify::RecursiveMode::Recursive)?;
        Ok(watcher)
    });
    watch.inspect_err(|error| log::info!("no change notification ({error}); polling only")).ok()
}

/// Signals as events: read again, or stop.
pub(super) fn signals(events: Sender<Event>) -> anyhow::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    let run = move || {
        for signal in signals.forever() {
            let event = if signal == SIGHUP { Event::Reload } else { Event::Stop };
            if events.send(event).is_err() {
                return;
            }
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(run)?;
    Ok(())
}

/// Tells systemd, when it is there.
pub(super) fn notify_systemd(state: sd_notify::NotifyState) {
    if let Err(error) = sd_notify::notify(&[state]) {
        log::debug!("systemd: {error}");
    }
}
