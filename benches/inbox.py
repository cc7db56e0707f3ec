#!/usr/bin/env python3
"""Measures `khlang serve` with few and with many archives waiting: archives/s, and latencies of HTTP meanwhile, in turns of one run.

    python3 benches/inbox.py [--khlang FILE] [--few 100] [--many 50000] [--rounds 3] [--work DIR]

The archives are small ones of the sample, given again and again under later times, so that nearly all of the time is that of
the inbox itself: finding the next one, claiming, copying, receipts. Ratios are those of a round by itself.
"""

import argparse
import os
import shutil
import tempfile
import time

import client
import common
from daemon import Daemon

PATIENCE = 300


def fill(data, sources, count):
    """Puts so many archives into the inbox, in turns of the units."""
    for number in range(count):
        source = sources[number % len(sources)]
        standard, hcode, _ = os.path.basename(source).split("_")
        turn = number // len(sources)
        stamp = f"20140201{turn // 3600:02}{turn // 60 % 60:02}{turn % 60:02}"
        shutil.copyfile(source, f"{data}/inbox/{standard}_{hcode}_{stamp}.zip")


def loaded(daemon):
    return sum(daemon.status()["totals"]["submissions"].values())


def measure(args, sources, waiting, work):
    """Archives a second, and the p99 and p50 of the status, in ms, while so many wait."""
    data = f"{work}/data"
    os.makedirs(f"{data}/inbox")
    shutil.copy(f"{work}/sample/units.csv", data)
    # Those that are measured go beside those that wait.
    fill(data, sources, waiting + args.measured)
    daemon = Daemon(args.khlang, data, "50ms", "2s")
    try:
        begun = time.monotonic()
        while loaded(daemon) < len(sources):
            time.sleep(0.02)
            if time.monotonic() - begun > PATIENCE:
                raise SystemExit("nothing is loaded")
        before, start, took = loaded(daemon), time.monotonic(), []
        while (done := loaded(daemon) - before) < args.measured - len(sources):
            some, _ = client.latencies(daemon.port, "/api/v1/status", 20, 2, True)
            took += some
            if time.monotonic() - start > PATIENCE:
                break
        rate = done / (time.monotonic() - start)
        return rate, common.percentile(took, 0.99), common.percentile(took, 0.50)
    finally:
        daemon.stop()
        shutil.rmtree(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.program(parser)
    parser.add_argument("--few", type=int, default=100)
    parser.add_argument("--many", type=int, default=50_000)
    parser.add_argument("--measured", type=int, default=300, help="archives that are loaded while it is measured")
    parser.add_argument("--units", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--work", help="folder for its data, which goes away at the end")
    args = parser.parse_args()
    common.absolute(args)
    print("| round | waiting | archives/s | status p50 | p99 | rate to few |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="khlang-inbox-", dir=args.work) as work:
        paths = common.sample(args.khlang, f"{work}/sample", args.units, args.units * 2, 1, "2013-12-01")
        for number in range(args.rounds):
            first = None
            for waiting in (args.few, args.many):
                rate, p99, p50 = measure(args, paths, waiting, work)
                first = first or rate
                print(f"| {number + 1} | {waiting:,} | {rate:.1f} | {p50:.2f} ms | {p99:.2f} ms | {rate / first:.2f} |", flush=True)


if __name__ == "__main__":
    main()
