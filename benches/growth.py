#!/usr/bin/env python3
"""Loads a sample province month by month into one store, and prints how it goes as the store grows.

    python3 benches/growth.py [--khlang FILE] [--scale 0.01] [--rows 1,4,12,40] [--work DIR] [--all]

The province has 100 units and 300,000 residents; 46 months are 38 million rows. `--scale` makes it smaller: the
units, the residents, and the rows at which the table has a line. Each month is one `khlang import` of what was sent in it, in
the order of sending, and what that leaves in the write-ahead log is brought into the database within the time.
`khlang verify` has to agree at the end. At full scale it needs some 8 GB of disk.
"""

import argparse
import os
import tempfile
from itertools import groupby

import common

UNITS = 100
PERSONS = 300_000
# Rows of a month for each resident, with a twelfth of the yearly registers: for how many months are needed.
ROWS_A_MONTH = 2.75


def months_for(rows, persons):
    return min(240, int(rows / (persons * ROWS_A_MONTH)) + 2)


def measure(args, work):
    units, persons = max(3, round(UNITS * args.scale)), max(1000, int(PERSONS * args.scale))
    marks = [int(float(mark) * 1e6 * args.scale) for mark in args.rows.split(",")]
    months = months_for(max(marks), persons)
    common.say(f"sample: {units} units, {persons:,} residents, {months} months")
    archives = common.sample(args.khlang, f"{work}/sample", units, persons, months, "2013-06-01")
    rows_of = common.ledger(f"{work}/sample")
    data = f"{work}/data"
    os.makedirs(data)
    os.link(f"{work}/sample/units.csv", f"{data}/units.csv")
    stored, lines = 0, []
    for (year, month), group in groupby(archives, key=lambda path: (common.sent(path)[0], common.sent(path)[1][:2])):
        group = list(group)
        rows = sum(rows_of[os.path.basename(path)] for path in group)
        seconds, cpu, peak, _ = common.run([args.khlang, "--data", data, "import", *group], data)
        seconds += common.bring_home(data)
        stored += rows
        size = common.database_bytes(data)
        lines.append((stored, rows, rows / seconds, peak, size / 1e6, size / stored, cpu / rows * 1e6))
        common.say(f"{year}-{month}: {rows:,} rows in {seconds:.1f} s, {stored:,} in all")
        if stored >= max(marks):
            break
    return lines, marks, common.verify(args.khlang, data)


def chosen(lines, marks):
    """The month in which each mark is reached, and the last one."""
    reached = [next((line for line in lines if line[0] >= mark), lines[-1]) for mark in marks]
    return sorted(set(reached))


def millions(rows):
    return f"{rows / 1e6:.1f}" if rows >= 1e6 else f"{rows / 1e6:.3f}"


def print_table(lines):
    print("\n| rows received, millions | rows of the month | rows/s of the month | peak MiB | database MB | bytes a row | CPU µs a row |")
    print("|---|---|---|---|---|---|---|")
    for stored, rows, rate, peak, megabytes, each, cpu in lines:
        print(f"| {millions(stored)} | {rows:,} | {rate:,.0f} | {peak:.0f} | {megabytes:,.0f} | {each:.0f} | {cpu:.1f} |")


def print_chart(lines):
    print("\n```text\nrows/s, thousands (each # is 10)")
    for stored, _, rate, *_ in lines:
        print(f"{millions(stored):>6} M  {'#' * round(rate / 1e4):<45} {rate / 1e3:.0f}")
    print("```")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.program(parser)
    parser.add_argument("--scale", type=float, default=0.01, help="1 for the whole province; default 0.01")
    parser.add_argument("--rows", default="1,4,12,40", help="millions of rows at scale 1 at which the table has a line")
    parser.add_argument("--work", help="folder for its data, which goes away at the end")
    parser.add_argument("--all", action="store_true", help="a line for every month")
    args = parser.parse_args()
    common.absolute(args)
    with tempfile.TemporaryDirectory(prefix="khlang-growth-", dir=args.work) as work:
        lines, marks, verified = measure(args, work)
    shown = lines if args.all else chosen(lines, marks)
    print_table(shown)
    print_chart(shown)
    first, last = shown[0], shown[-1]
    print(f"\nspeed at {last[0] / first[0]:.0f} times the rows: {last[2] / first[2]:.2f} of the first line's, "
          f"{first[6] / last[6]:.2f} by CPU; most memory {max(line[3] for line in lines):.0f} MiB")
    print(f"verify: {verified:,} stored rows agree with their counts, of {lines[-1][0]:,} received")


if __name__ == "__main__":
    main()
