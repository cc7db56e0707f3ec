//! What is put where, rule by rule. Each gives the units at which its rule has
//! to find it: the first of those that it is given, unless it needs several.

use super::planter::{Patient, Planter, Set, Sketch};

/// A rule, how bad what is put there for it is, and how it is put there.
pub(super) type PlantingPlan =
    (&'static str, &'static str, fn(&mut Planter<'_, '_>, &[usize]) -> Vec<usize>);

const MAN: Sketch = Sketch { female: false, born: 40 * 366, resident: false, listed: false };
const WOMAN: Sketch = Sketch { female: true, born: 30 * 366, resident: false, listed: false };
/// Two years old.
const CHILD: Sketch = Sketch { female: false, born: 2 * 366, resident: false, listed: false };
/// Lives in the area and is known to the registry, so that residents and heads
/// grow alike.
const NEIGHBOUR: Sketch = Sketch { female: false, born: 40 * 366, resident: true, listed: true };

/// Rules one after the other are of different units, and those of one file are
/// never of one unit.
pub(super) const PLANS: [PlantingPlan; 39] = [
    ("op_utilisation", "hold", op_utilisation),
    ("op_frequency", "hold", op_frequency),
    ("op_after_death", "hold", op_after_death),
    ("op_before_birth", "hold", op_before_birth),
    ("op_day_volume", "warn", op_day_volume),
    ("op_sex", "hold", |p, u| diagnoses(p, u, MAN, "N739")),
    ("op_age", "hold", |p, u| diagnoses(p, u, MAN, "P220")),
    ("op_places", "warn", op_places),
    ("epi_injections", "hold", |p, u| {
        doses(p, u, 1, 0, &[("010", 5), ("041", 5), ("061", 5), ("051", 5)])
    }),
    ("epi_age", "hold", |p, u| infants(p, u, 100, &[("091", 20)])),
    ("epi_interval", "hold", |p, u| infants(p, u, 100, &[("091", 100), ("092", 110)])),
    ("epi_repeat", "hold", |p, u| infants(p, u, 100, &[("091", 100), ("091", 120)])),
    ("epi_not_yet", "warn", |p, u| infants(p, u, 100, &[("D21", 100)])),
    ("fp_interval", "hold", |p, u| family(p, u, WOMAN, 100, &[("1", 5), ("1", 15)])),
    ("fp_early", "warn", |p, u| family(p, u, WOMAN, 500, &[("2", 5), ("2", 40)])),
    ("fp_after_end", "hold", |p, u| family(p, u, WOMAN, 100, &[("7", 5), ("1", 20)])),
    ("fp_person", "hold", |p, u| family(p, u, MAN, 100, &[("2", 5)])),
    ("anc_dates", "hold", anc_dates),
    ("anc_window", "warn", |p, u| antenatal(p, u, WOMAN, 1000, &[(10, "1", "30")])),
    ("anc_person", "hold", |p, u| antenatal(p, u, MAN, 50, &[(10, "1", "10")])),
    ("anc_frequency", "warn", |p, u| {
        antenatal(p, u, WOMAN, 200, &[(10, "1", "10"), (13, "1", "10")])
    }),
    ("mch_dates", "hold", mch_dates),
    ("mch_repeat", "hold", mch_repeat),
    ("pp_dates", "hold", pp_dates),
    ("pp_mother", "warn", pp_mother),
    ("chronic_count", "hold", chronic_count),
    ("chronic_silent", "warn", chronic_silent),
    ("person_count", "hold", person_count),
    ("person_double", "hold", person_double),
    ("person_made_up", "warn", person_made_up),
    ("nutri_growth", "hold", |p, u| weighed(p, u, 100, &[(10, "45.0", "85.0", "")])),
    ("nutri_trend", "warn", |p, u| {
        weighed(p, u, 200, &[(10, "12.0", "86.0", ""), (70, "12.5", "80.0", "")])
    }),
    ("nutri_age", "warn", nutri_age),
    ("ncd_target", "hold", |p, u| screened(p, u, MAN, 2000, 10, &[10])),
    ("ncd_repeat", "hold", |p, u| screened(p, u, NEIGHBOUR, 3000, 10, &[10, 50])),
    ("ncd_copied", "hold", ncd_copied),
    ("ncd_over", "hold", ncd_over),
    ("chronicfu_frequency", "hold", chronicfu_frequency),
    ("labfu_frequency", "hold", labfu_frequency),
];

fn text(value: &str) -> String {
    value.to_owned()
}

fn first(units: &[usize]) -> Vec<usize> {
    units[..1].to_vec()
}

/// People of the registry, of another unit, who come nearly every other day.
fn op_utilisation(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    let unit = units[0];
    let visits = p.enough(unit, "SERVICE", 7500, 400);
    for _ in 0..=visits / 50 {
        let who = p.person(unit, MAN);
        p.list(units[1], &who.cid);
        for nth in 0..50 {
            p.visit(unit, &who, nth * 2, "J00");
        }
    }
    first(units)
}

fn op_frequency(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..6 {
        let who = p.person(units[0], MAN);
        for nth in 0..65 {
            p.visit(units[0], &who, nth, "J00");
        }
    }
    first(units)
}

fn op_after_death(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "SERVICE", 10, 5) {
        let who = p.person(units[0], MAN);
        let died = p.on(3);
        p.put(units[0], "DEATH", &who, &[("DDEATH", died)]);
        p.visit(units[0], &who, 9, "J00");
    }
    first(units)
}

fn op_before_birth(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "SERVICE", 10, 5) {
        let who = p.person(units[0], Sketch { born: -20, ..MAN });
        p.visit(units[0], &who, 9, "J00");
    }
    first(units)
}

/// A few days with very many people.
fn op_day_volume(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    let many = p.enough(units[0], "SERVICE", 3000, 300).div_ceil(4);
    for _ in 0..many {
        let who = p.person(units[0], MAN);
        for nth in [20, 40, 60, 80] {
            p.visit(units[0], &who, nth, "J00");
        }
    }
    first(units)
}

fn diagnoses(p: &mut Planter<'_, '_>, units: &[usize], who: Sketch, code: &str) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "DIAGNOSIS_OPD", 50, 8) {
        let who = p.person(units[0], who);
        p.visit(units[0], &who, 30, code);
    }
    first(units)
}

/// One person at three units on a day.
fn op_places(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..units.iter().map(|unit| p.enough(*unit, "SERVICE", 60, 6)).max().unwrap_or(0) {
        let cid = p.nobody();
        for unit in units {
            let who = p.person_with(*unit, MAN, &cid);
            p.visit(*unit, &who, 33, "J00");
        }
    }
    units.to_vec()
}

fn dose(p: &mut Planter<'_, '_>, unit: usize, who: &Patient, code: &str, day: String) {
    p.put(unit, "EPI", who, &[("DATE_SERV", day), ("VACCINETYPE", text(code))]);
}

/// Doses of children of two years, each on a day of the tranche.
fn doses(
    p: &mut Planter<'_, '_>,
    units: &[usize],
    least: u64,
    percent: u64,
    given: &[(&str, u64)],
) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "EPI", percent, least) {
        let who = p.person(units[0], CHILD);
        for (code, nth) in given {
            let day = p.on(*nth);
            dose(p, units[0], &who, code, day);
        }
    }
    first(units)
}

/// Age of infants in days when the tranche begins.
const FIFTEEN: i64 = 15;

/// Doses of infants at an age in days.
fn infants(
    p: &mut Planter<'_, '_>,
    units: &[usize],
    percent: u64,
    given: &[(&str, u64)],
) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "EPI", percent, 6) {
        let who = p.person(units[0], Sketch { born: FIFTEEN, ..CHILD });
        for (code, age) in given {
            let day = p.on(age - FIFTEEN as u64);
            dose(p, units[0], &who, code, day);
        }
    }
    first(units)
}

fn family(
    p: &mut Planter<'_, '_>,
    units: &[usize],
    who: Sketch,
    percent: u64,
    given: &[(&str, u64)],
) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "FP", percent, 6) {
        let who = p.person(units[0], who);
        for (method, nth) in given {
            let day = p.on(*nth);
            p.put(units[0], "FP", &who, &[("DATE_SERV", day), ("FPTYPE", text(method))]);
        }
    }
    first(units)
}

fn care(p: &mut Planter<'_, '_>, unit: usize, who: &Patient, visit: (u64, &str, &str)) {
    let (nth, number, weeks) = visit;
    let day = p.on(nth);
    let sets: [Set<'_>; 5] = [
        ("DATE_SERV", day),
        ("GRAVIDA", text("1")),
        ("ANCNO", text(number)),
        ("F21_ANCNO", text(number)),
        ("GA", text(weeks)),
    ];
    p.put(unit, "ANC", who, &sets);
}

fn antenatal(
    p: &mut Planter<'_, '_>,
    units: &[usize],
    who: Sketch,
    percent: u64,
    visits: &[(u64, &str, &str)],
) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "ANC", percent, 6) {
        let who = p.person(units[0], who);
        for visit in visits {
            care(p, units[0], &who, *visit);
        }
    }
    first(units)
}

/// The beginning, the expected and the true end of a pregnancy of 280 days, with
/// care of the mother after it.
fn pregnancy(
    p: &mut Planter<'_, '_>,
    unit: usize,
    who: &Patient,
    gravida: &str,
    born: u64,
    expected: i64,
) {
    let lmp = 280 - born as i64;
    let sets: Vec<Set<'_>> = vec![
        ("GRAVIDA", text(gravida)),
        ("LMP", p.before(lmp)),
        ("EDC", p.before(lmp - expected)),
        ("BDATE", p.on(born)),
        ("BTYPE", text("1")),
        ("BRESULT", text("O800")),
        ("PPCARE1", p.on(born + 2)),
        ("PPCARE2", p.on(born + 10)),
        ("PPCARE3", String::new()),
        ("DATEHCT", String::new()),
        ("DATE_HCT", String::new()),
    ];
    let record = if p.has("LABOR") { "LABOR" } else { "MCH" };
    p.put(unit, record, who, &sets);
}

/// Ten weeks by its age, while it began thirty weeks ago.
fn anc_dates(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "ANC", 100, 6) {
        let who = p.person(units[0], WOMAN);
        pregnancy(p, units[0], &who, "1", 80, 280);
        care(p, units[0], &who, (10, "1", "10"));
    }
    first(units)
}

fn mch_dates(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "POSTNATAL", 100, 6) {
        let who = p.person(units[0], WOMAN);
        pregnancy(p, units[0], &who, "1", 30, 330);
    }
    first(units)
}

fn mch_repeat(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..4 {
        let who = p.person(units[0], WOMAN);
        pregnancy(p, units[0], &who, "1", 1, 280);
        pregnancy(p, units[0], &who, "2", 80, 280);
    }
    first(units)
}

/// A child born on the tenth day of the tranche.
const BORN: u64 = 10;
const NEWBORN: Sketch =
    Sketch { female: true, born: -(BORN as i64), resident: false, listed: false };

fn newborn(p: &mut Planter<'_, '_>, unit: usize, who: &Patient, mother: &str, care: u64) {
    let (born, first) = (p.on(BORN), p.on(care));
    let sets = [
        ("MPID", text(mother)),
        ("BDATE", born),
        ("BCARE", first.clone()),
        ("BCARE1", first),
        ("BCARE2", p.on(BORN + 40)),
        ("BCARE3", String::new()),
    ];
    let records: &[&str] = if p.has("NEWBORNCARE") { &["NEWBORN", "NEWBORNCARE"] } else { &["PP"] };
    for record in records {
        p.put(unit, record, who, &sets);
    }
}

fn pp_dates(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "NEWBORNCARE", 100, 6) {
        let mother = p.person(units[0], WOMAN);
        let who = p.person(units[0], NEWBORN);
        newborn(p, units[0], &who, &mother.pid, BORN - 4);
    }
    first(units)
}

fn pp_mother(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "NEWBORN", 500, 6) {
        let mother = p.person(units[0], MAN);
        let who = p.person(units[0], NEWBORN);
        newborn(p, units[0], &who, &mother.pid, BORN + 4);
    }
    first(units)
}

fn patient(p: &mut Planter<'_, '_>, unit: usize, who: &Patient) {
    let sets = [
        ("CHRONIC", text("E119")),
        ("DATE_DIAG", p.before(1000)),
        ("DATE_DISCH", String::new()),
        ("TYPEDISCH", text("03")),
    ];
    p.put(unit, "CHRONIC", who, &sets);
}

/// More than a quarter of all who are old enough.
fn chronic_count(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "PERSON", 2500, 30) {
        let who = p.person(units[0], NEIGHBOUR);
        patient(p, units[0], &who);
        p.visit(units[0], &who, 50, "E119");
    }
    first(units)
}

fn chronic_silent(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "CHRONIC", 5500, 10) {
        let who = p.person(units[0], MAN);
        patient(p, units[0], &who);
    }
    first(units)
}

fn person_count(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "PERSON", 2500, 130) {
        p.person(units[0], Sketch { listed: false, ..NEIGHBOUR });
    }
    first(units)
}

/// The same people live at two units; at each the registry knows as many.
fn person_double(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    let many =
        units[..2].iter().map(|unit| p.enough(*unit, "PERSON", 2500, 110)).max().unwrap_or(0);
    for _ in 0..many {
        let who = p.person(units[0], NEIGHBOUR);
        p.person_with(units[1], Sketch { listed: false, ..NEIGHBOUR }, &who.cid);
        let other = p.nobody();
        p.list(units[1], &other);
    }
    units[..2].to_vec()
}

fn person_made_up(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "PERSON", 1200, 10) {
        let made = p.nobody();
        let cid = crate::sample::citizen::make(0, 99, 2, made[6..12].parse().unwrap_or(0));
        p.person_with(units[0], Sketch { listed: false, ..NEIGHBOUR }, &cid);
        let other = p.nobody();
        p.list(units[0], &other);
    }
    first(units)
}

fn weighed(
    p: &mut Planter<'_, '_>,
    units: &[usize],
    percent: u64,
    times: &[(u64, &str, &str, &str)],
) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "NUTRITION", percent, 6) {
        let who = p.person(units[0], CHILD);
        for (nth, kg, cm, months) in times {
            // Two years are 24 months when the tranche begins.
            let months =
                if months.is_empty() { format!("{}", 24 + nth / 31) } else { text(months) };
            let sets = [
                ("DATE_SERV", p.on(*nth)),
                ("WEIGHT", text(kg)),
                ("HEIGHT", text(cm)),
                ("HEADCIRCUM", String::new()),
                ("AGEMONTH", months),
            ];
            p.put(units[0], "NUTRITION", &who, &sets);
        }
    }
    first(units)
}

/// Only the 21 files tell the age.
fn nutri_age(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    if p.has("LABOR") {
        return Vec::new();
    }
    weighed(p, units, 600, &[(10, "12.0", "86.0", "50")])
}

fn screening(p: &mut Planter<'_, '_>, unit: usize, who: &Patient, nth: u64, sbp: u64) {
    let sets = [
        ("DATE_SERV", p.on(nth)),
        ("SBP_1", sbp.to_string()),
        ("DBP_1", text("80")),
        ("SBP_2", String::new()),
        ("DBP_2", String::new()),
        ("WEIGHT", text("60.0")),
        ("HEIGHT", text("165")),
        ("BSLEVEL", text("95")),
    ];
    p.put(unit, "NCDSCREEN", who, &sets);
}

fn screened(
    p: &mut Planter<'_, '_>,
    units: &[usize],
    who: Sketch,
    percent: u64,
    least: u64,
    days: &[u64],
) -> Vec<usize> {
    let many = p.enough(units[0], "NCDSCREEN", percent, least);
    for nth in 0..many {
        let who = p.person(units[0], who);
        for day in days {
            // Each day another reading, and few people.
            screening(p, units[0], &who, day + nth % 30, 100 + nth % 37);
        }
    }
    first(units)
}

/// A day on which all were alike.
fn ncd_copied(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    for _ in 0..p.enough(units[0], "NCDSCREEN", 800, 15) {
        let who = p.person(units[0], NEIGHBOUR);
        screening(p, units[0], &who, 25, 120);
    }
    first(units)
}

/// More people than live there, so that many of them do not.
fn ncd_over(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    let unit = units[0];
    for nth in 0..p.enough(unit, "PERSON", 5000, 60) + 60 {
        let who = p.person(unit, MAN);
        screening(p, unit, &who, 10 + nth % 60, 100 + nth % 37);
    }
    p.also("ncd_target", unit, "hold");
    first(units)
}

fn chronicfu_frequency(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    let many = p.enough(units[0], "CHRONICFU", 700, 12);
    for _ in 0..many.div_ceil(20) {
        let who = p.person(units[0], MAN);
        for nth in 0..30 {
            p.put(units[0], "CHRONICFU", &who, &[("DATE_SERV", p.on(nth * 3))]);
        }
    }
    first(units)
}

fn labfu_frequency(p: &mut Planter<'_, '_>, units: &[usize]) -> Vec<usize> {
    let many = p.enough(units[0], "LABFU", 700, 12);
    for _ in 0..many.div_ceil(12) {
        let who = p.person(units[0], MAN);
        for nth in 0..14 {
            let code = if p.has("LABOR") { "0531601" } else { "05" };
            let sets =
                [("DATE_SERV", p.on(nth * 7)), ("LABTEST", text(code)), ("LABRESULT", text("7.0"))];
            p.put(units[0], "LABFU", &who, &sets);
        }
    }
    first(units)
}
