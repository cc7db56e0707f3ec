//! Which threads go first when there are more of them than cores.

/// Lets this thread, and those that it starts, go after all others: who asks
/// over HTTP waits for an answer, and a load takes its time anyway.
pub fn go_last() {
    step_back(10);
}

/// Lets this thread go after the one that writes, which all others of a load
/// end up waiting for.
pub fn go_after_writer() {
    step_back(10);
}

/// Lets this thread, which works ahead, go after those for whom it is time.
pub fn go_ahead_when_idle() {
    step_back(15);
}

fn step_back(steps: i32) {
    if let Err(error) = rustix::process::nice(steps) {
        log::debug!("priority of a thread: {error}");
    }
}
