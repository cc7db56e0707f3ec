//! Each golden case of KPIs as a test of its own: a case is a folder beside this
//! file, and a line here.

use super::{cases, differences};

macro_rules! golden_cases {
    ($($case:ident;)*) => {
        $(
            #[test]
            fn $case() {
                let found = differences(stringify!($case));
                assert!(found.is_empty(), "{}", found.join("\n"));
            }
        )*

        /// Cases that have a test.
        const NAMED: &[&str] = &[$(stringify!($case)),*];
    };
}

golden_cases! {
    anc12;
    anc12_qof;
    anc5;
    antibiotic;
    antibiotic_no_list;
    births;
    cmi;
    cmi_old;
    completeness;
    completeness_66;
    dm_exam;
    dm_hba1c;
    dm_screen;
    epi1;
    epi2;
    epi3;
    epi5;
    family_planning;
    ht_control;
    ht_screen;
    insured;
    later;
    leap;
    newborn;
    newborn_21;
    nutrition;
    postnatal;
    postnatal_21;
    readings;
    refer_out;
    registers;
    rounds;
    silent;
    timeliness;
    told_apart;
    ttm;
    utilisation;
    visit_share;
}

#[test]
fn every_case_has_a_test() {
    assert_eq!(cases(), NAMED);
}
