//! The money that holds keep back.
//!
//! A hold names a unit, a tranche and an item of the rulebook. It holds the volume
//! money that the item's points earned in the quarters of that tranche, or the share
//! of it that the hold gives. `PERFORMANCE` instead of an item holds the performance
//! money of the tranche, `ALL` every item and the performance money. (Audits of
//! [OPPP-2557 s. 41-43] are about quantity, so a hold on an item does not touch
//! performance money: local default.)
//!
//! Of several holds on the same money the largest counts. They are not added, so
//! that two doubts about the same rows hold the money once (local default).

use std::collections::BTreeMap;

use super::Satang;
use crate::store::Hold;

/// All money of the unit and tranche.
pub const ALL: &str = "ALL";

/// The performance money of the unit and tranche.
pub const PERFORMANCE: &str = "PERFORMANCE";

/// The whole, in the unit of [`crate::store::HoldOf::share`].
pub const WHOLE: u32 = 10_000;

/// Holds in force, by unit, tranche and item.
#[derive(Debug, Clone, Default)]
pub struct ActiveHolds {
    shares: BTreeMap<(String, String, String), u32>,
    of_unit: BTreeMap<String, Vec<i64>>,
}

impl ActiveHolds {
    /// The holds of a round that have not ended.
    pub fn new(holds: &[Hold]) -> Self {
        let mut all = Self::default();
        for hold in holds.iter().filter(|hold| hold.released.is_none()) {
            let of = &hold.of;
            let key = (of.hcode.clone(), of.tranche.clone(), of.item.clone());
            let share = all.shares.entry(key).or_default();
            *share = (*share).max(of.share);
            all.of_unit.entry(of.hcode.clone()).or_default().push(hold.id);
        }
        all
    }

    /// What is held of an amount that an item (or [`PERFORMANCE`]) earned.
    pub fn held(&self, hcode: &str, tranche: &str, item: &str, amount: Satang) -> Satang {
        let share = [item, ALL]
            .into_iter()
            .filter_map(|item| {
                self.shares.get(&(hcode.to_owned(), tranche.to_owned(), item.to_owned()))
            })
            .max();
        share.map_or(Satang::ZERO, |share| amount.part(u64::from(*share), u64::from(WHOLE)))
    }

    /// Numbers of the holds on a unit.
    pub fn of_unit(&self, hcode: &str) -> &[i64] {
        self.of_unit.get(hcode).map_or(&[], Vec::as_slice)
    }
}

/// A percentage with at most two decimals, as hundredths of a percent.
///
/// # Errors
/// Says what is no percentage of more than 0 and at most 100.
pub fn parse_percent(text: &str) -> Result<u32, String> {
    let fail =
        || format!("{text} is no percentage above 0 and up to 100 with at most two decimals");
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty()
        || whole.len() > 3
        || decimals.len() > 2
        || !digits(whole)
        || !digits(decimals)
    {
        return Err(fail());
    }
    let whole: u32 = whole.parse().map_err(|_| fail())?;
    let decimals: u32 = format!("{decimals:0<2}").parse().map_err(|_| fail())?;
    let share = whole * 100 + decimals;
    if share == 0 || share > WHOLE { Err(fail()) } else { Ok(share) }
}

/// Hundredths of a percent as they are written.
pub fn percent(share: u32) -> String {
    format!("{}.{:02}", share / 100, share % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{HoldAction, HoldOf};

    fn hold(id: i64, item: &str, share: u32, ended: bool) -> Hold {
        let deed = HoldAction { at: String::new(), by: String::new(), reason: String::new() };
        let of = HoldOf {
            round: 2557,
            hcode: "04001".into(),
            item: item.into(),
            tranche: "1".into(),
            share,
        };
        Hold { id, of, held: deed.clone(), released: ended.then_some(deed) }
    }

    #[test]
    fn the_largest_hold_counts_and_one_that_ended_does_not() {
        let holds = [
            hold(1, "EPI", 2500, false),
            hold(2, "EPI", 5000, false),
            hold(3, "EPI", 10_000, true),
            hold(4, PERFORMANCE, 10_000, false),
        ];
        let held = ActiveHolds::new(&holds);
        let table = [
            ("04001", "1", "EPI", 50),
            ("04001", "1", "OP", 0),
            ("04001", "1", PERFORMANCE, 99),
            ("04001", "2", "EPI", 0),
            ("04002", "1", "EPI", 0),
        ];
        for (hcode, tranche, item, wanted) in table {
            assert_eq!(held.held(hcode, tranche, item, Satang(99)), Satang(wanted), "{item}");
        }
        assert_eq!(held.of_unit("04001"), [1, 2, 4]);

        let all = ActiveHolds::new(&[hold(1, ALL, 3333, false), hold(2, "EPI", 100, false)]);
        assert_eq!(all.held("04001", "1", "EPI", Satang(10_000)), Satang(3333));
        assert_eq!(all.held("04001", "1", PERFORMANCE, Satang(10_000)), Satang(3333));
    }

    #[test]
    fn a_percentage_has_at_most_two_decimals() {
        for (text, share) in [("100", 10_000), ("50", 5000), ("0.01", 1), ("33.3", 3330)] {
            assert_eq!(parse_percent(text), Ok(share));
            assert_eq!(parse_percent(&percent(share)), Ok(share));
        }
        for text in ["0", "0.00", "100.01", "1000", "", ".5", "-1", "+1", "1.234", "1e1", "50%"] {
            assert!(parse_percent(text).is_err(), "{text}");
        }
    }
}
