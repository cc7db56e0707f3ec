use std::sync::Arc;
use std::time::Duration;

use super::cache::{Lookup, ResultCache};
use super::error::ResultsError;
use super::key::{ComputedResult, DataState, ResultKey};
use super::source::ResultSource;
use crate::app::environment::LiveEnvironment;
use crate::catalog::Catalog;
use crate::config::Config;
use crate::environment::Environment;
use crate::units::Units;

fn cache() -> ResultCache {
    let catalog = Catalog::builtin().unwrap();
    let environment = Environment::new(catalog, Units::default(), Config::default()).unwrap();
    let environment = Arc::new(LiveEnvironment::new(Arc::new(environment)));
    ResultCache::new(ResultSource { database: "".into(), data: "".into(), environment })
}

#[test]
fn a_state_that_is_only_stale_answers_for_a_while() {
    let state = |submissions, rest: &str| DataState { submissions, rest: rest.to_owned() };
    let key = ResultKey::Visited(201_301);
    let cache = cache();
    cache.insert(key.clone(), state(3, "a"), Ok(ComputedResult::Visited(Arc::default())));
    let long = Duration::from_hours(1);
    let there = |of: &DataState, stale| matches!(cache.look_up(&key, of, stale), Lookup::Found(_));
    assert!(there(&state(3, "a"), Duration::ZERO));
    assert!(there(&state(2, "a"), Duration::ZERO), "the thread may have seen more");
    assert!(there(&state(4, "a"), long) && !there(&state(4, "a"), Duration::ZERO));
    assert!(!there(&state(3, "b"), long), "something else was changed");
}

#[test]
fn a_failure_is_told_once_more_and_not_computed_again_at_once() {
    let key = ResultKey::Visited(201_301);
    let cache = cache();
    cache.insert(key.clone(), DataState::default(), Err(ResultsError::TooLong));
    match cache.look_up(&key, &DataState::default(), Duration::ZERO) {
        Lookup::Failed(error) => assert_eq!(error, ResultsError::TooLong),
        _ => panic!("no failure"),
    }
}

#[test]
fn half_of_the_workers_wait_at_most() {
    let cache = cache();
    let first = cache.may_wait(4);
    let second = cache.may_wait(4);
    assert!(first.is_some() && second.is_some() && cache.may_wait(4).is_none());
    drop(first);
    assert!(cache.may_wait(4).is_some());
    drop(second);
    assert!(cache.may_wait(1).is_some(), "one may always");
}
