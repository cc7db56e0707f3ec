//! Checks of quality: files are known, and every percentage has one score.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::Quality;
use super::super::quality::Dimension;
use super::mistakes::{MOST, Mistakes};
use crate::archive::Standard;
use crate::catalog::Catalog;

/// Most decimals of a percentage, so that it can be counted in whole numbers.
const MOST_DECIMALS: u32 = 6;

pub(super) fn check(quality: &Quality, catalog: &Catalog, m: &mut Mistakes) {
    m.unless(!quality.source.trim().is_empty(), "quality.source", "is blank");
    m.unless(!quality.dimensions.is_empty(), "quality.dimension", "there is none");
    let right = quality.decimals <= MOST_DECIMALS;
    m.unless(right, "quality.decimals", format_args!("must be at most {MOST_DECIMALS}"));
    let decimals = quality.decimals.min(MOST_DECIMALS);
    let mut seen = BTreeSet::new();
    for dimension in &quality.dimensions {
        let key = format!("quality.{}", dimension.name);
        m.unless(seen.insert(&dimension.name), &key, "stands twice");
        m.unless(!dimension.source.trim().is_empty(), &format!("{key}.source"), "is blank");
        for (name, counts) in
            [("numerator", &dimension.numerator), ("denominator", &dimension.denominator)]
        {
            m.unless(!counts.is_empty(), &format!("{key}.{name}"), "names no count");
        }
        files(dimension, &key, catalog, m);
        bands(dimension, &key, decimals, m);
    }
    for (file, twins) in &quality.also {
        let key = format!("quality.also.{file}");
        let known = catalog.layout(Standard::F21, file).is_some();
        m.unless(known, &key, "is no file of the 21");
        for twin in twins {
            let known = catalog.layout(Standard::F43, twin).is_some();
            m.unless(known, &key, format_args!("{twin} is no file of the 43"));
        }
    }
}

fn files(dimension: &Dimension, key: &str, catalog: &Catalog, m: &mut Mistakes) {
    let key = format!("{key}.files");
    m.unless(!dimension.files.is_empty(), &key, "names no file");
    let mut seen = BTreeSet::new();
    for file in &dimension.files {
        m.unless(seen.insert(file), &key, format_args!("{file} stands twice"));
        if catalog.layout(Standard::F21, file).is_none() {
            let near = catalog.nearest_file(Standard::F21, file).unwrap_or_default();
            m.add(&key, format_args!("{file} is no file of the 21 (did you mean {near}?)"));
        }
    }
}

/// Ordered by their ends, bands cover 0 to 100 without gap or overlap.
fn bands(dimension: &Dimension, key: &str, decimals: u32, m: &mut Mistakes) {
    let key = format!("{key}.bands");
    let step = Decimal::new(1, decimals);
    let mut sorted: Vec<_> = dimension.bands.iter().collect();
    sorted.sort_by_key(|band| band.from);
    let mut begin = Decimal::ZERO;
    for band in &sorted {
        let what = format_args!("a band should begin at {begin}, not at {}", band.from);
        m.unless(band.from == begin, &key, what);
        m.unless(band.from <= band.to, &key, format_args!("{} ends before it begins", band.from));
        m.unless(band.score >= Decimal::ZERO, &key, "a score is below nothing");
        m.unless(band.score <= MOST, &key, format_args!("a score is above {MOST}"));
        begin = band.to.checked_add(step).unwrap_or(band.to);
    }
    let end = Decimal::ONE_HUNDRED;
    let whole = sorted.last().is_some_and(|band| band.to == end);
    m.unless(whole, &key, format_args!("the last should end at {end}"));
    let ordered = dimension.bands.windows(2).all(|two| two[0].score >= two[1].score);
    m.unless(ordered, &key, "the best score comes first");
}
