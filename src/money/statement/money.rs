//! Tables of a statement that are about money: sums, quarters, items,
//! tranches, holds, pools.

use super::{StatementBuilder, baht, baht_column, int, points, unit_column};
use crate::money::allocate::{ItemMoney, MoneySums};
use crate::money::closing::close::name_of;
use crate::money::closing::{PartKind, PoolCorrection};
use crate::money::holds::percent;
use crate::money::result::UnitMoneyLine;
use crate::money::{Hundredths, Satang};
use crate::report::{Bilingual, Cell, Column, Kind, Table};
use crate::score::rulebook::RulePeriod;
use crate::text::{message, message_with};

impl StatementBuilder<'_> {
    pub(super) fn summary(&self) -> Table {
        let mut table = Table::new(
            "money",
            message("statement.money_by_unit"),
            vec![
                unit_column(),
                Column::titled("name", message("statement.name"), Kind::Text),
                Column::titled("heads", message("statement.uc_heads"), Kind::Int),
                baht_column("volume", message("statement.volume")),
                baht_column("performance", message("statement.performance")),
                baht_column("amount", message("statement.amount")),
                baht_column("held", message("statement.held")),
                baht_column("payable", message("statement.payable")),
            ],
        );
        let shared = self.shares_support();
        if shared {
            table.columns.insert(5, baht_column("support", message("statement.support")));
        }
        let sums = |of: &MoneySums| {
            let support = shared.then_some(of.support);
            let first = [of.volume, of.performance].into_iter().chain(support);
            first.chain([of.amount, of.held, of.payable]).map(baht).collect::<Vec<_>>()
        };
        for unit in &self.cup.units {
            let mut row =
                vec![Cell::text(&unit.hcode), Cell::text(&unit.name), int(unit.money.heads)];
            row.extend(sums(&unit.money.sums));
            table.push(row);
        }
        let mut total =
            vec![Cell::Bilingual(message("statement.total")), Cell::Empty, int(self.cup.heads)];
        total.extend(sums(&self.cup.sums));
        table.push_total(total);
        table.notes.push(message("statement.paid_through_the_main_unit_only"));
        table
    }

    pub(super) fn volume(&self) -> Table {
        let mut table = Table::new(
            "volume",
            message("statement.volume_money_by_quarter_of_service"),
            vec![
                unit_column(),
                Column::titled("quarter", message("statement.quarter"), Kind::Text),
                Column::titled("points", message("statement.points"), Kind::Decimal(2)),
                Column::titled("all_points", message("statement.points_of_all"), Kind::Decimal(2)),
                baht_column("pool", message("statement.pool_2")),
                baht_column("amount", message("statement.amount_2")),
                baht_column("held", message("statement.held")),
            ],
        );
        for unit in &self.cup.units {
            for (quarter, money) in &unit.money.volume {
                let pools = &self.counted.allocation.pools.quarters;
                let Some(pool) = pools.get(quarter).filter(|_| money.points.0 > 0) else {
                    continue;
                };
                table.push(vec![
                    Cell::text(&unit.hcode),
                    Cell::text(quarter),
                    points(money.points),
                    points(pool.points),
                    baht(pool.pool),
                    baht(money.amount),
                    baht(money.held),
                ]);
            }
        }
        table.notes.push(message("statement.amount_pool_x_points_points_of"));
        self.mark(&mut table, &["money.quarter", "money.rounding"]);
        table
    }

    pub(super) fn items(&self) -> Table {
        let quarters = &self.basis.book.money.quarters;
        let mut columns = vec![
            unit_column(),
            Column::titled("item", message("statement.item"), Kind::Text),
            Column::titled("name", message("statement.name"), Kind::Text),
        ];
        columns.extend(quarters.iter().map(|quarter| {
            let number = quarter.number;
            let heading = message_with("statement.points_of_quarter", &[("number", &number)]);
            Column::titled(&format!("points_{number}"), heading, Kind::Decimal(2))
        }));
        columns.push(Column::titled("points", message("statement.points_2"), Kind::Decimal(2)));
        columns.push(baht_column("amount", message("statement.amount_2")));
        columns.push(baht_column("held", message("statement.held")));
        let title = message("statement.points_and_money_by_item");
        let mut table = Table::new("items", title, columns);
        for unit in &self.cup.units {
            for (item, name) in self.items_of(unit) {
                let of = |quarter: &RulePeriod| {
                    let money = unit.money.volume.get(&quarter.number.to_string());
                    money.and_then(|money| money.items.get(item))
                };
                let money: Vec<&ItemMoney> = quarters.iter().filter_map(of).collect();
                if money.is_empty() {
                    continue;
                }
                let mut row =
                    vec![Cell::text(&unit.hcode), Cell::text(item), Cell::Bilingual(name)];
                row.extend(
                    quarters.iter().map(|quarter| {
                        of(quarter).map_or(Cell::Empty, |money| points(money.points))
                    }),
                );
                row.push(points(Hundredths(money.iter().map(|money| money.points.0).sum())));
                row.push(baht(money.iter().map(|money| money.amount).sum()));
                row.push(baht(money.iter().map(|money| money.held).sum()));
                table.push(row);
            }
        }
        let (round, as_of) = (self.basis.book.round, self.basis.as_of.submission);
        table.notes.push(message_with(
            "statement.the_rows_that_score_submission_file",
            &[("round", &round), ("as_of", &as_of)],
        ));
        self.mark(&mut table, &["points.", "person.", "sent_by"]);
        table
    }

    pub(super) fn performance(&self) -> Table {
        let mut table = Table::new(
            "performance",
            message("statement.performance_money_by_tranche"),
            vec![
                unit_column(),
                Column::titled("tranche", message("statement.tranche"), Kind::Text),
                baht_column("ceiling", message("statement.ceiling")),
                Column::titled("score", message("statement.quality_score"), Kind::Decimal(2)),
                Column::titled("max", message("statement.maximum"), Kind::Decimal(2)),
                baht_column("earned", message("statement.earned")),
                baht_column("held", message("statement.held")),
            ],
        );
        for unit in &self.cup.units {
            for (tranche, money) in &unit.money.performance {
                table.push(vec![
                    Cell::text(&unit.hcode),
                    Cell::text(tranche),
                    baht(money.ceiling),
                    points(money.score),
                    points(money.max),
                    baht(money.earned),
                    baht(money.held),
                ]);
            }
        }
        self.mark(&mut table, &["money.pool.earned", "money.quarter", "quality.combine"]);
        table
    }

    pub(super) fn holds(&self) -> Table {
        let mut table = Table::new(
            "holds",
            message("statement.holds"),
            vec![
                Column::titled("hold", message("statement.hold"), Kind::Int),
                unit_column(),
                Column::titled("item", message("statement.item"), Kind::Text),
                Column::titled("tranche", message("statement.tranche"), Kind::Text),
                Column::titled("percent", message("statement.percent"), Kind::Text),
                Column::titled("held", message("statement.held_by_when_why"), Kind::Text),
                Column::titled("case", message("statement.audit_case"), Kind::Text),
                Column::titled("released", message("statement.released"), Kind::Text),
            ],
        );
        let deed = |deed: &crate::store::HoldAction| {
            let day = deed.at.get(..10).unwrap_or_default();
            format!("{} {day} {}", deed.by, deed.reason)
        };
        // A hold that goes on names its case and how that stands. A statement is
        // for the main unit: of what its units were not told it has only that
        // money is held.
        let case = |hold: i64| {
            let mut cases = self.cup.units.iter().flat_map(|unit| &unit.cases);
            let of = cases.find(|case| case.hold == hold)?.clone();
            let end = if of.is_final { " ✕" } else { "" };
            let named = of.named.filter(|_| !self.counted.untold.contains(&hold));
            Some(named.map_or_else(
                || Cell::Bilingual(message("audit.under_audit")),
                |of| Cell::text(format!("{} {} {}{end}", of.case, of.rule, of.state)),
            ))
        };
        let of_cup = |hcode: &str| self.cup.units.iter().any(|unit| unit.hcode == hcode);
        let mut names_cases = false;
        for hold in self.counted.holds.iter().filter(|hold| of_cup(&hold.of.hcode)) {
            let (of, untold) = (&hold.of, self.counted.untold.contains(&hold.id));
            if untold && hold.released.is_some() {
                continue;
            }
            let case = case(hold.id).unwrap_or(Cell::Empty);
            names_cases |= matches!(case, Cell::Text(_));
            table.push(vec![
                Cell::Int(hold.id),
                Cell::text(&of.hcode),
                Cell::text(&of.item),
                Cell::text(&of.tranche),
                Cell::text(percent(of.share)),
                if untold {
                    Cell::text(hold.held.at.get(..10).unwrap_or_default())
                } else {
                    Cell::text(deed(&hold.held))
                },
                case,
                hold.released.as_ref().map_or(Cell::Empty, |of| Cell::text(deed(of))),
            ]);
        }
        if names_cases {
            table.notes.push(message("statement.case_is_at"));
        }
        let round = self.basis.book.round;
        table.notes.push(message_with(
            "statement.the_whole_record_khlang_hold_list",
            &[("round", &round)],
        ));
        self.mark(&mut table, &["money.hold"]);
        table
    }

    /// Items of the rulebook, and those that a unit was paid by before and that
    /// it no longer has.
    fn items_of<'u>(&'u self, unit: &'u UnitMoneyLine) -> Vec<(&'u str, Bilingual)> {
        let book = &self.basis.book;
        let known = book.points.iter();
        let mut all: Vec<(&str, Bilingual)> =
            known.map(|item| (item.item.as_str(), Bilingual::new(&item.th, &item.en))).collect();
        for item in unit.money.volume.values().flat_map(|money| money.items.keys()) {
            if !all.iter().any(|(known, _)| known == item) {
                all.push((item, Bilingual::new(item, item)));
            }
        }
        all
    }

    /// Whether units are paid support money.
    fn shares_support(&self) -> bool {
        let pools = &self.basis.book.money.pools;
        pools.iter().any(|pool| pool.shared_out)
    }

    pub(super) fn pools(&self) -> Table {
        let pools = &self.counted.allocation.pools;
        let mut table = Table::new(
            "pools",
            message("statement.pools_of_the_province"),
            vec![
                Column::titled("pool", message("statement.pool"), Kind::Text),
                baht_column("own", message("statement.by_heads")),
                baht_column("joined", message("statement.joined_by_performance")),
                baht_column("shared", message("statement.shared")),
                baht_column("left", message("statement.unallocated")),
                baht_column("not_shared", message("statement.not_shared_out")),
            ],
        );
        for (quarter, pool) in &pools.quarters {
            let name = message_with("statement.volume_quarter", &[("quarter", &quarter)]);
            let cells = [pool.own, pool.joined, pool.shared, pool.unallocated].map(baht);
            let row = [Cell::Bilingual(name)].into_iter().chain(cells).chain([Cell::Empty]);
            table.push(row.collect());
            put_right(&mut table, &pool.settled.corrections);
        }
        for (tranche, pool) in &pools.tranches {
            let name = message_with("statement.performance_tranche", &[("tranche", &tranche)]);
            table.push(vec![
                Cell::Bilingual(name),
                baht(pool.pool),
                baht(Satang::ZERO - pool.unearned),
                baht(pool.earned),
                Cell::Empty,
                Cell::Empty,
            ]);
            put_right(&mut table, &pool.settled.corrections);
        }
        put_right(&mut table, &pools.outstanding);
        let mut sum = [Satang::ZERO; 2];
        for (part, pool) in &pools.support {
            let texts = self.basis.book.money.pools.iter().flat_map(|pool| &pool.parts);
            let name = texts.clone().find(|of| of.name == *part);
            let (th, en) = name.map_or((part, part), |of| (&of.th, &of.en));
            table.push(vec![
                Cell::Bilingual(message_with("statement.support_2", &[("th", &th), ("en", &en)])),
                baht(pool.amount),
                Cell::Empty,
                baht(pool.shared),
                Cell::Empty,
                baht(pool.not_shared),
            ]);
            sum = [sum[0] + pool.amount, sum[1] + pool.not_shared];
            let (rate, left) = (pool.per_head, pool.not_shared.grouped());
            if pool.not_shared != Satang::ZERO {
                table.notes.push(message_with(
                    "statement.support_baht_a_head_baht_not",
                    &[("th", &th), ("rate", &rate), ("left", &left), ("en", &en)],
                ));
            }
        }
        let allocation = &self.counted.allocation;
        let [support, not_shared] = sum;
        table.push_total(vec![
            Cell::Bilingual(message("statement.total")),
            baht(pools.volume + pools.performance + support),
            baht(Satang::ZERO),
            baht(allocation.total.amount),
            baht(allocation.unallocated),
            baht(not_shared),
        ]);
        self.mark(
            &mut table,
            &["money.quarter", "money.pool.unearned_to", "money.pool.shared_out"],
        );
        table
    }
}

/// Lines for corrections of paid pools.
fn put_right(table: &mut Table, lines: &[PoolCorrection]) {
    for line in lines {
        let of = name_of(line.kind, &line.of);
        let name = message_with("statement.correction_of", &[("th", &of.th), ("en", &of.en)]);
        let (own, joined) = match line.kind {
            PartKind::Quarter => (line.shared + line.unshared, Satang::ZERO),
            PartKind::Tranche => (line.shared + line.unshared, Satang::ZERO - line.unshared),
        };
        let left = match line.kind {
            PartKind::Quarter => baht(line.unshared),
            PartKind::Tranche => Cell::Empty,
        };
        let cells = [baht(own), baht(joined), baht(line.shared), left, Cell::Empty];
        table.push([Cell::Bilingual(name)].into_iter().chain(cells).collect());
    }
}
