"""What the Python benchmarks share: the program, its archives, processes and their cost."""

import contextlib
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def program(parser):
    parser.add_argument("--khlang", default=f"{ROOT}/target/release/khlang", help="the program (a release build)")


def absolute(args):
    """The program by its whole path: it is run elsewhere, where no configuration lies about."""
    if not os.access(args.khlang, os.X_OK):
        raise SystemExit(f"{args.khlang} is not there: cargo build --release, or --khlang FILE")
    args.khlang = os.path.abspath(args.khlang)


def sent(path):
    """Sort key of an archive by its time of sending; years of either era."""
    name = os.path.basename(path)
    time_ = re.search(r"_(\d{14})", name).group(1)
    year = int(time_[:4])
    return (year - 543 if year >= 2400 else year, time_[4:], name)


def archives(folder):
    """The archives of a folder in the order in which they were sent."""
    found = [f"{folder}/{name}" for name in os.listdir(folder) if re.fullmatch(r"(?i)f(21|43)_\w{5}_\d{14}\.zip", name)]
    return sorted(found, key=sent)


def ledger(folder):
    """Rows of each archive of a sample, by its name."""
    with open(f"{folder}/ledger.json") as file:
        entries = json.load(file)["archives"]
    return {entry["archive"]: sum(counts["received"] for counts in entry["files"].values()) for entry in entries}


def sample(khlang, folder, units, persons, months, start, seed=1):
    """Makes archives; gives them in the order of sending."""
    options = {"units": units, "persons": persons, "months": months, "start": start, "seed": seed}
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    subprocess.run([khlang, "sample", folder, *flags], check=True, stdout=subprocess.DEVNULL)
    return archives(folder)


def run(command, cwd, env=None):
    """Runs a program to its end: seconds, CPU seconds, peak MiB, and what it said."""
    with open(f"{cwd}/.output", "w+") as output:
        before = time.perf_counter()
        child = subprocess.Popen(command, stdout=output, cwd=cwd, env=env)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - before
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{' '.join(command[:6])} … ended with {child.returncode}")
        output.seek(0)
        return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read()


def verify(khlang, data):
    """Has the store checked against its own counts and the folders; gives its rows."""
    report = json.loads(run([khlang, "--data", data, "verify", "--json"], data)[3])
    if report["mismatches"]:
        raise SystemExit(f"verify does not agree: {report['mismatches'][:10]}")
    return report["rows"]


def bring_home(data):
    """Brings what a load has left in the write-ahead log into the database; gives the seconds, which are the load's:
    other programs do it before they end."""
    before = time.perf_counter()
    with contextlib.closing(sqlite3.connect(f"{data}/khlang.db")) as conn:
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return time.perf_counter() - before


def database_bytes(data):
    return sum(os.path.getsize(path) for end in ("", "-wal", "-shm") if os.path.exists(path := f"{data}/khlang.db{end}"))


def peak_mib(pid):
    """The most memory that a running process has had."""
    with open(f"/proc/{pid}/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+)", status.read()).group(1)) / 1024


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]


def median(values):
    return statistics.median(values)


def say(text):
    """Progress: the table alone goes to standard output."""
    print(text, file=sys.stderr, flush=True)


def make_empty(folder):
    """Gives the room of a folder's files back. The files stay until all is over: some file systems (ext4 without a
    journal, for a minute) make new files pay for those that were just deleted, which would slow whoever is next."""
    for path in Path(folder).rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.truncate(path, 0)
