//! Written from [OPPP-2557 s. 36 and 37] and docs/rules.md#points.

use super::*;
use crate::score::rulebook::Rulebooks;

fn book() -> Rulebook {
    Rulebooks::open(std::path::Path::new("/nonexistent")).rulebook(2557).unwrap()
}

/// received, accepted, duplicate, on time; the rest was rejected.
fn counts([received, accepted, duplicate, on_time]: [u64; 4]) -> Counts {
    let rejected = received - accepted - duplicate;
    Counts { received, accepted, duplicate, rejected, warned: 0, on_time }
}

fn line(standard: Standard, file: &str, month: u32, sent: u32, of: [u64; 4]) -> TallyLine {
    let (hcode, file) = ("04001".to_owned(), file.to_owned());
    TallyLine { hcode, standard, file, month, sent, counts: counts(of) }
}

fn f21(file: &str, month: u32, of: [u64; 4]) -> TallyLine {
    line(Standard::F21, file, month, 20_131_215, of)
}

fn scored(lines: &[TallyLine]) -> QualityOfRound {
    quality(&book(), &Catalog::builtin().unwrap(), lines)
}

/// A figure as numerator/denominator percent score.
fn said(all: &QualityOfRound, tranche: u32, dimension: &str, file: &str) -> String {
    let Some(figure) = all
        .get("04001")
        .and_then(|unit| unit.get(&tranche))
        .and_then(|quality| quality.dimensions.get(dimension))
        .and_then(|files| files.get(file))
    else {
        return "-".to_owned();
    };
    let QualityFigure { numerator, denominator, percent, score } = figure;
    format!("{numerator}/{denominator} {percent} {score:.2}")
}

#[test]
fn a_percentage_is_rounded_half_up_and_only_then_looked_up() {
    // Rows of EPI of November 2556: received, accepted, duplicate, on time.
    let table = [
        // 95.00 is not above 95.00; 95.004 is 95.00, 95.005 is 95.01.
        ("accuracy", [100, 95, 0, 0], "95/100 95.00 0.50"),
        ("accuracy", [100_000, 95_004, 0, 0], "95004/100000 95.00 0.50"),
        ("accuracy", [100_000, 95_005, 0, 0], "95005/100000 95.01 1.00"),
        ("accuracy", [10_000, 9_501, 0, 0], "9501/10000 95.01 1.00"),
        ("accuracy", [10_000, 9_001, 0, 0], "9001/10000 90.01 0.50"),
        ("accuracy", [100_000, 90_004, 0, 0], "90004/100000 90.00 0.25"),
        ("accuracy", [100, 90, 0, 0], "90/100 90.00 0.25"),
        ("accuracy", [10_000, 8_501, 0, 0], "8501/10000 85.01 0.25"),
        ("accuracy", [100, 85, 0, 0], "85/100 85.00 0.00"),
        ("accuracy", [3, 0, 0, 0], "0/3 0.00 0.00"),
        ("accuracy", [3, 3, 0, 0], "3/3 100.00 1.00"),
        // A duplicate is no error.
        ("accuracy", [10, 4, 6, 0], "4/4 100.00 1.00"),
        ("accuracy", [3, 2, 0, 0], "2/3 66.67 0.00"),
        // Below 5 is full, 5 to 10 is half.
        ("duplication", [100, 100, 0, 0], "0/100 0.00 1.00"),
        ("duplication", [10_000, 9_501, 499, 0], "499/10000 4.99 1.00"),
        ("duplication", [100_000, 95_006, 4_994, 0], "4994/100000 4.99 1.00"),
        ("duplication", [100_000, 95_005, 4_995, 0], "4995/100000 5.00 0.50"),
        ("duplication", [100, 95, 5, 0], "5/100 5.00 0.50"),
        ("duplication", [100, 90, 10, 0], "10/100 10.00 0.50"),
        ("duplication", [100_000, 89_996, 10_004, 0], "10004/100000 10.00 0.50"),
        ("duplication", [100_000, 89_995, 10_005, 0], "10005/100000 10.01 0.00"),
        ("duplication", [2, 0, 2, 0], "2/2 100.00 0.00"),
        // On time is of the stored rows.
        ("timeliness", [200, 100, 0, 95], "95/100 95.00 0.50"),
        ("timeliness", [10_000, 10_000, 0, 9_501], "9501/10000 95.01 1.00"),
        ("timeliness", [100, 100, 0, 90], "90/100 90.00 0.25"),
        ("timeliness", [100, 100, 0, 85], "85/100 85.00 0.00"),
        // Nothing stored, nothing to be on time; all duplicates, nothing validated.
        ("timeliness", [3, 0, 0, 0], "-"),
        ("accuracy", [3, 0, 3, 0], "-"),
    ];
    for (dimension, of, wanted) in table {
        let all = scored(&[f21("EPI", 201_311, of)]);
        assert_eq!(said(&all, 1, dimension, "EPI"), wanted, "{dimension} {of:?}");
    }
}

#[test]
fn each_dimension_looks_at_the_files_of_its_slide() {
    let accuracy = "PERSON DEATH CHRONIC NCDSCREEN PROCED SURVEIL SERVICE DIAG DRUG LABFU ANC EPI FP \
                    PP NUTRI MCH CHRONICFU";
    let duplication = "PERSON DEATH CHRONIC SERVICE SURVEIL EPI FP ANC MCH PP NUTRI NCDSCREEN \
                       CHRONICFU LABFU";
    let timeliness = "DEATH SERVICE EPI FP ANC NUTRI NCDSCREEN CHRONICFU LABFU";
    let all_files = format!("{accuracy} APPOINT CARD HOME WOMEN");
    let lines: Vec<TallyLine> =
        all_files.split_whitespace().map(|file| f21(file, 201_312, [1, 1, 0, 1])).collect();
    let all = scored(&lines);
    let quality = &all["04001"][&1];
    for (dimension, files) in
        [("accuracy", accuracy), ("duplication", duplication), ("timeliness", timeliness)]
    {
        let mut wanted: Vec<&str> = files.split_whitespace().collect();
        wanted.sort_unstable();
        let seen: Vec<&str> = quality.dimensions[dimension].keys().map(String::as_str).collect();
        assert_eq!(seen, wanted, "{dimension}");
    }
    // 17 + 14 + 9 files, each as good as it can be.
    assert_eq!(quality.score, Decimal::from(40));
    assert_eq!(quality.max, Decimal::from(40));
}

#[test]
fn a_score_is_the_sum_over_files_and_dimensions_that_have_rows() {
    let all = scored(&[
        // accuracy 90.00: 0.25; duplication 9.09: 0.50; timeliness 100: 1.00.
        f21("SERVICE", 201_307, [11, 9, 1, 9]),
        // accuracy 100, and nothing else looks at DRUG.
        f21("DRUG", 201_312, [4, 4, 0, 0]),
        // A file that was sent without rows is left out, of the maximum too.
        f21("FP", 201_312, [0, 0, 0, 0]),
    ]);
    assert_eq!(all["04001"].len(), 1);
    let quality = &all["04001"][&1];
    assert_eq!(quality.score.to_string(), "2.75");
    assert_eq!(quality.max.to_string(), "4.00");
    let json = serde_json::to_value(quality).unwrap();
    let figure = serde_json::json!({
        "numerator": 9, "denominator": 10, "percent": "90.00", "score": "0.25"
    });
    assert_eq!(json["accuracy"]["SERVICE"], figure);
    assert_eq!((&json["score"], &json["max"]), (&"2.75".into(), &"4.00".into()));
}

#[test]
fn counts_belong_to_the_tranche_of_their_month_of_service() {
    let one = [1, 1, 0, 1];
    let table = [
        (201_306, None),
        (201_307, Some(1)),
        (201_312, Some(1)),
        (201_401, Some(2)),
        (201_406, Some(2)),
        (201_407, None),
    ];
    for (month, tranche) in table {
        // Whenever it was sent.
        for sent in [20_130_601, 20_131_231, 20_140_101, 20_140_731] {
            let all = scored(&[line(Standard::F21, "ANC", month, sent, one)]);
            let seen = all.get("04001").and_then(|unit| unit.keys().next().copied());
            assert_eq!(seen, tranche, "{month} sent {sent}");
        }
    }
}

#[test]
fn registers_and_rows_without_a_day_belong_to_the_tranche_of_sending() {
    let one = [1, 1, 0, 0];
    let table = [
        (20_130_630, None),
        (20_130_701, Some(1)),
        (20_131_231, Some(1)),
        (20_140_101, Some(2)),
        (20_140_630, Some(2)),
        (20_140_701, None),
    ];
    for (sent, tranche) in table {
        for line in [
            line(Standard::F21, "PERSON", 0, sent, one),
            line(Standard::F43, "PERSON", 0, sent, one),
            // The month of a register is that of a diagnosis, long ago or not.
            line(Standard::F21, "CHRONIC", 200_911, sent, one),
            line(Standard::F21, "SERVICE", 0, sent, one),
        ] {
            let file = line.file.clone();
            let all = scored(&[line]);
            let seen = all.get("04001").and_then(|unit| unit.keys().next().copied());
            assert_eq!(seen, tranche, "{file} sent {sent}");
        }
    }
}

#[test]
fn files_of_both_standards_count_together_under_one_name() {
    let pairs = [
        ("DIAG", "DIAGNOSIS_OPD"),
        ("PROCED", "PROCEDURE_OPD"),
        ("DRUG", "DRUG_OPD"),
        ("SURVEIL", "SURVEILLANCE"),
        ("NUTRI", "NUTRITION"),
        ("SERVICE", "SERVICE"),
        ("MCH", "LABOR"),
        ("MCH", "POSTNATAL"),
        ("PP", "NEWBORN"),
        ("PP", "NEWBORNCARE"),
    ];
    for (file, twin) in pairs {
        let all = scored(&[
            f21(file, 201_309, [10, 9, 0, 9]),
            line(Standard::F43, twin, 201_310, 20_131_101, [10, 6, 0, 6]),
        ]);
        assert_eq!(said(&all, 1, "accuracy", file), "15/20 75.00 0.00", "{twin}");
    }
    let all = scored(&[line(Standard::F43, "VILLAGE", 0, 20_131_101, [1, 1, 0, 0])]);
    assert_eq!(all["04001"][&1].max, Decimal::ZERO, "no dimension looks at it");
}

#[test]
fn senders_stay_apart() {
    let mut other = f21("EPI", 201_311, [10, 5, 0, 5]);
    other.hcode = "04002".to_owned();
    let all = scored(&[f21("EPI", 201_311, [10, 10, 0, 10]), other]);
    assert_eq!(said(&all, 1, "accuracy", "EPI"), "10/10 100.00 1.00");
    assert_eq!(all["04002"][&1].dimensions["accuracy"]["EPI"].percent.to_string(), "50.00");
}
