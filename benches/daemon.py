#!/usr/bin/env python3
"""Measures `khlang serve` over a filled store: start, one more small archive, HTTP while archives load, memory, points and KPIs.

    python3 benches/daemon.py [--khlang FILE] [--units 8] [--persons 20000] [--months 12] [--work DIR]
    python3 benches/daemon.py --data DIR

Without `--data` it makes a store with the sample in a folder that goes away. With it, the store there is used as it is:
it gets some twenty submissions more, and the load of small and large archives besides. The daemon listens on a free port of
127.0.0.1. Every step is bounded in count and time, and the daemon is stopped at the end, also after trouble.
"""

import argparse
import csv
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import client
import common

ROUTES = ["/-/healthy", "/api/v1/status", "/api/v1/submissions"]
ROUND = "2557"
# The longest that any one step waits, in seconds.
PATIENCE = 120


class Table:
    """Figures with what they are to reach."""

    def __init__(self):
        self.lines = []

    def add(self, what, value, unit, aim=None, detail=""):
        reached = "" if aim is None else ("yes" if value <= aim else "NO")
        self.lines.append((what, f"{value:.3g} {unit}", "" if aim is None else f"{aim:g} {unit}", reached, detail))
        common.say(f"{what}: {value:.3g} {unit} {detail}")

    def show(self):
        print("\n| what | measured | at most | reached | how |\n|---|---|---|---|---|")
        for line in self.lines:
            print(f"| {' | '.join(line)} |")


class Daemon:
    """One run of `serve`."""

    def __init__(self, khlang, data, settle, poll):
        with socket.socket() as free:
            free.bind((client.HOST, 0))
            self.port = free.getsockname()[1]
        own = {"KHLANG__HTTP__LISTEN": f"{client.HOST}:{self.port}", "KHLANG__INBOX__SETTLE": settle, "KHLANG__INBOX__POLL": poll}
        self.log = open(f"{data}/.daemon.log", "a")
        start = time.perf_counter()
        self.process = subprocess.Popen([khlang, "--data", data, "serve"], cwd=data, stdout=self.log, stderr=self.log, env=os.environ | own)
        self.ready_after = self.wait_ready(start)

    def wait_ready(self, start):
        while time.perf_counter() - start < PATIENCE:
            if self.process.poll() is not None:
                raise SystemExit(f"the daemon ended with {self.process.returncode}: see {self.log.name}")
            try:
                if client.Client(self.port).get("/-/ready")[0] == 200:
                    return time.perf_counter() - start
            except (OSError, client.Refused):
                pass
            time.sleep(0.002)
        raise SystemExit("the daemon was not ready in time")

    def status(self):
        return json.loads(client.Client(self.port).get("/api/v1/status")[1])

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()


def drop(data, path):
    """Puts an archive into the inbox, whole or not at all; gives the time."""
    name = os.path.basename(path)
    shutil.copyfile(path, f"{data}/inbox/.{name}")
    os.rename(f"{data}/inbox/.{name}", f"{data}/inbox/{name}")
    return time.monotonic()


class Feeder(multiprocessing.Process):
    """Keeps archives waiting in the inbox until it is told to stop: each is dropped again as soon as it is taken. It is a
    process, so that it does not keep the client waiting, which is measured."""

    def __init__(self, data, paths):
        super().__init__(daemon=True)
        self.data, self.paths, self.ended = data, paths, multiprocessing.Event()

    def run(self):
        turn = 0
        while not self.ended.wait(0.02):
            waiting = set(os.listdir(f"{self.data}/inbox"))
            # A few are enough to keep the loader busy, and are soon done with at the end.
            while len(waiting) < 4:
                path = self.paths[turn % len(self.paths)]
                turn += 1
                if os.path.basename(path) not in waiting:
                    drop(self.data, path)
                    waiting.add(os.path.basename(path))

    def stop(self):
        self.ended.set()
        self.join()


def make_store(args, work):
    """A store filled with the sample, and the list of persons."""
    data = f"{work}/data"
    os.makedirs(data)
    paths = common.sample(args.khlang, f"{work}/sample", args.units, args.persons, args.months, "2013-07-01")
    shutil.copy(f"{work}/sample/units.csv", data)
    seconds, *_ = common.run([args.khlang, "--data", data, "import", *paths], data)
    common.run([args.khlang, "--data", data, "registry", "import", f"{work}/sample/population.csv"], data)
    common.say(f"store: {len(paths)} archives in {seconds:.1f} s")
    return data


def starts(args, data, table):
    """From start to ready, with the database in the page cache and out of it."""
    for cached in (True, False):
        took = []
        for _ in range(args.repeats):
            if not cached:
                for name in ("khlang.db", "access.db"):
                    if os.path.exists(f"{data}/{name}"):
                        with open(f"{data}/{name}", "rb") as file:
                            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            daemon = Daemon(args.khlang, data, "2s", "2s")
            took.append(daemon.ready_after)
            daemon.stop()
        size = common.database_bytes(data) / 1e6
        where = "in" if cached else "not in"
        table.add("start to ready", common.median(took), "s", 0.5, f"median of {len(took)}, most {max(took):.3f} s; database {size:,.0f} MB, {where} the page cache")


def receipt_of(data, hcode, path):
    name = f"{data}/outbox/{hcode}/{os.path.basename(path)}.receipt.json"
    try:
        return name, os.stat(name).st_ino
    except FileNotFoundError:
        return name, None


def one_more(data, path, settle):
    """Drops an archive; gives the seconds from when it has settled to its receipt, and the receipt."""
    hcode = os.path.basename(path).split("_")[1]
    _, before = receipt_of(data, hcode, path)
    dropped = drop(data, path)
    while time.monotonic() - dropped < PATIENCE:
        name, now = receipt_of(data, hcode, path)
        if now not in (None, before):
            took = time.monotonic() - dropped - settle
            with open(name) as file:
                return took, json.load(file)
        time.sleep(0.002)
    raise SystemExit(f"{path} has no receipt after {PATIENCE} s")


def small_archives(args, data, work, table):
    """One more archive of about 5,000 rows, new and then as duplicates; gives the last ones for later."""
    folder = f"{work}/small"
    # The first has the register, too; the later ones are the ones of 5,000 rows.
    paths = common.sample(args.khlang, folder, 1, 2000, args.repeats + 4, args.later)
    rows = common.ledger(folder)
    hcode = os.path.basename(paths[0]).split("_")[1]
    with open(f"{data}/units.csv", encoding="utf-8-sig") as file:
        if hcode not in {line["hcode"] for line in csv.DictReader(file)}:
            raise SystemExit(f"the list of units in {data} lacks {hcode}, for whom small archives are made")
    daemon = Daemon(args.khlang, data, f"{int(args.settle * 1000)}ms", f"{int(args.poll * 1000)}ms")
    try:
        one_more(data, paths[0], args.settle)
        chance = random.Random(1)
        for what in ("new", "all duplicates"):
            took, stored = [], 0
            for path in paths[1 : args.repeats + 1]:
                # The daemon looks every so often; where in between an archive comes is left to chance.
                time.sleep(chance.uniform(0, args.poll))
                seconds, receipt = one_more(data, path, args.settle)
                accepted = sum(file["accepted"] for file in receipt["files"])
                if (accepted > 0) != (what == "new") and not args.data:
                    raise SystemExit(f"{path}: {accepted} rows stored, but they are {what}")
                took.append(seconds)
                stored += accepted
            sent = sum(rows[os.path.basename(path)] for path in paths[1 : args.repeats + 1])
            how = f"the most of {len(took)}, least {min(took):.3f}, median {common.median(took):.3f} s; {sent // len(took):,} rows each, {stored // len(took):,} stored"
            table.add(f"settled to receipt, {what}", max(took), "s", 1, how)
        table.add("memory of the daemon, small archives", common.peak_mib(daemon.process.pid), "MiB", 256)
    finally:
        daemon.stop()
    return paths[args.repeats + 1 :]


def ask_all(args, port, when, aims, table):
    for route in ROUTES:
        for keep in (False, True):
            took, reused = client.latencies(port, route, args.requests, args.seconds, keep)
            if keep and not reused:
                continue  # one request a connection: there is nothing to compare
            p99 = common.percentile(took, 0.99)
            how = "connection kept" if keep else "a connection each"
            table.add(f"{route} {when}, p99", p99, "ms", aims.get(route), f"{how}, {len(took)} requests by one client; p50 {common.median(took):.2f} ms")
        for clients in (1, 8):
            if said := client.wrk(port, route, clients, args.wrk_seconds):
                p50, p99, rate = said
                # wrk asks without a pause: it takes a core from the loader, so this is a harder question.
                table.add(f"{route} {when}, p99", p99, "ms", aims.get(route), f"wrk, {clients} clients without pause, {rate:,.0f} requests/s; p50 {p50:.2f} ms")


def http(args, data, work, table):
    """Latencies idle, and while archives are dropped into the inbox the whole time."""
    with open(f"{data}/units.csv", encoding="utf-8-sig") as file:
        units = sum(1 for _ in csv.DictReader(file))
    feed = common.sample(args.khlang, f"{work}/feed", units, max(units, args.feed_persons), 2, "2014-08-01")
    largest = max(common.ledger(f"{work}/feed").values())
    # Quick to settle: the inbox is to have something ready at any time.
    daemon = Daemon(args.khlang, data, "50ms", "50ms")
    feeder = Feeder(data, feed)
    aims = {"/api/v1/status": 20, "/api/v1/submissions": 20}
    try:
        ask_all(args, daemon.port, "idle", {}, table)
        before, start = daemon.status()["totals"]["received"], time.monotonic()
        feeder.start()
        while daemon.status()["totals"]["received"] == before:
            time.sleep(0.05)
            if time.monotonic() - start > PATIENCE:
                raise SystemExit("nothing is loaded")
        before, start = daemon.status()["totals"]["received"], time.monotonic()
        ask_all(args, daemon.port, "loading", aims, table)
        loaded, seconds = daemon.status()["totals"]["received"] - before, time.monotonic() - start
        if not loaded:
            raise SystemExit("nothing was loaded while HTTP was measured")
        table.add("rows loaded meanwhile", loaded / seconds, "rows/s", None, f"{loaded:,} rows in {seconds:.0f} s; archives of up to {largest:,} rows")
        feeder.stop()
        wait_idle(daemon)
        table.add("memory of the daemon, all", common.peak_mib(daemon.process.pid), "MiB", 256)
    finally:
        if feeder.is_alive():
            feeder.stop()
        daemon.stop()


def wait_idle(daemon):
    start = time.monotonic()
    while time.monotonic() - start < PATIENCE:
        inbox = daemon.status()["inbox"]
        if not inbox["waiting"] and not inbox["loading"]:
            return
        time.sleep(0.05)
    raise SystemExit("the inbox is not empty in time")


def counts(args, data, small, table):
    """Points and KPIs over all there is, and again after one more small archive."""
    questions = [
        ("points and quality of the round", ["score", "--round", ROUND, "--json"], 15),
        ("all KPIs of the year", ["kpi", "run", "--all", "--period", ROUND, "--json"], 30),
    ]
    daemon = Daemon(args.khlang, data, "50ms", "50ms")
    try:
        for name, question, aim in questions:
            seconds, cpu, peak, _ = common.run([args.khlang, "--data", data, *question], data)
            table.add(name, seconds, "s", aim, f"CPU {cpu:.2f} s, {peak:.0f} MiB")
        for (name, question, _), path in zip(questions, small):
            one_more(data, path, 0.05)
            seconds, cpu, peak, _ = common.run([args.khlang, "--data", data, *question], data)
            table.add(f"{name}, after one more small archive", seconds, "s", 2, f"CPU {cpu:.2f} s, {peak:.0f} MiB")
    finally:
        daemon.stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.program(parser)
    parser.add_argument("--data", help="a data folder that is there")
    parser.add_argument("--units", type=int, default=8)
    parser.add_argument("--persons", type=int, default=20_000, help="residents of the sample; 300,000 are 10.8 million rows a year")
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--feed-persons", type=int, default=40_000, help="residents of the sample that is loaded while HTTP is asked")
    parser.add_argument("--repeats", type=int, default=5, help="starts, and small archives")
    parser.add_argument("--requests", type=int, default=1000, help="at most so many requests of each kind")
    parser.add_argument("--seconds", type=float, default=10, help="and no longer than this")
    parser.add_argument("--wrk-seconds", type=int, default=3)
    parser.add_argument("--later", default="2014-01-01", help="first month of the small archives; choose another one for --data that has had them")
    parser.add_argument("--settle", type=float, default=2.0, help="inbox.settle for small archives, as shipped")
    parser.add_argument("--poll", type=float, default=2.0, help="inbox.poll for small archives, as shipped")
    parser.add_argument("--work", help="folder for its data, which goes away at the end")
    args = parser.parse_args()
    common.absolute(args)
    table = Table()
    with tempfile.TemporaryDirectory(prefix="khlang-daemon-", dir=args.work) as work:
        data = os.path.abspath(args.data) if args.data else make_store(args, work)
        rows = common.verify(args.khlang, data)
        starts(args, data, table)
        small = small_archives(args, data, work, table)
        http(args, data, work, table)
        counts(args, data, small, table)
        verified = common.verify(args.khlang, data)
    print(f"{rows:,} rows stored at first, {verified:,} at the end; verify agrees with both")
    table.show()


if __name__ == "__main__":
    main()
