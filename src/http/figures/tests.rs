use super::*;

#[test]
fn a_state_that_is_only_behind_answers_for_a_while() {
    let state = |submission, rest: &str| State { submission, rest: rest.to_owned() };
    let what = What::Visited(201_301);
    let figures = Figures::default();
    let figure = Figure::Visited(Arc::default());
    figures.keep(what.clone(), state(3, "a"), Ok(figure));
    let long = Duration::from_hours(1);
    let there = |of: &State, stale| matches!(figures.take(&what, of, stale), Taken::Figure(_));
    assert!(there(&state(3, "a"), Duration::ZERO));
    assert!(there(&state(2, "a"), Duration::ZERO), "the thread may have seen more");
    assert!(there(&state(4, "a"), long) && !there(&state(4, "a"), Duration::ZERO));
    assert!(!there(&state(3, "b"), long), "something else was changed");
}

#[test]
fn trouble_is_told_once_more_and_not_counted_again_at_once() {
    let what = What::Visited(201_301);
    let figures = Figures::default();
    let problem = Problem::new(problem::QUERY_TIMEOUT, "too long");
    figures.keep(what.clone(), State::default(), Err(problem));
    match figures.take(&what, &State::default(), Duration::ZERO) {
        Taken::Trouble(problem) => assert_eq!(problem.kind, problem::QUERY_TIMEOUT),
        _ => panic!("no trouble"),
    }
}

#[test]
fn half_of_the_workers_wait_at_most() {
    let figures = Figures::default();
    let first = figures.may_wait(4);
    let second = figures.may_wait(4);
    assert!(first.is_some() && second.is_some() && figures.may_wait(4).is_none());
    drop(first);
    assert!(figures.may_wait(4).is_some());
    drop(second);
    assert!(figures.may_wait(1).is_some(), "one may always");
}
