#!/usr/bin/env python3
"""Loads a folder of archives with Khlang and with what anybody would use instead, and prints one table.

    python3 benches/peers.py --khlang target/release/khlang --archives DIR [--units FILE] [--rounds 3]
                             [--key-order natural|seq] [--peers python,sqlite,duckdb,duckdb-each,mariadb] [--work DIR]

All load the same rows under the same unique keys (those of schema/records), unzip included, in the order in which the
archives were sent. The others judge nothing, write no receipts and keep no originals. Khlang is durable at every
archive (synchronous=FULL); SQLite's others run with synchronous=NORMAL, MariaDB with flush_log_at_trx_commit=2.
Programs take turns (A B C, A B C …); the table gives medians, and the median of
the rounds' ratios. What is not installed is left out, and said.
Needs Python 3.11; duckdb from PyPI; unzip, sqlite3 and mariadb-server from the system.
"""

import argparse
import csv
import glob
import io
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import time
import tomllib
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def archives(folder):
    """In the order in which they were sent; years of either era."""

    def sent(path):
        name = os.path.basename(path)
        time_ = re.search(r"_(\d{14})", name).group(1)
        year = int(time_[:4])
        return (year - 543 if year >= 2400 else year, time_[4:], name)

    return sorted(glob.glob(f"{folder}/F43_*.zip"), key=sent)


def tables(folder, order):
    """Columns by the header lines of the first archive, keys by the standard."""
    found = {}
    with zipfile.ZipFile(archives(folder)[0]) as first:
        for name in first.namelist():
            table = os.path.splitext(os.path.basename(name))[0].upper()
            with first.open(name) as member:
                columns = member.readline().decode().lstrip("\ufeff").strip().split("|")
            with open(f"{ROOT}/schema/records/{table.lower()}.toml", "rb") as record:
                key = tomllib.load(record)["key"]
            if order == "seq" and "SEQ" in key and "PID" in key:
                key.remove("SEQ")
                key.insert(1, "SEQ")
            found[table] = (columns, [part for part in key if part in columns], name)
    return found


def ddl(table, columns, key, type_=lambda column: "TEXT", head="CREATE TABLE", tail=""):
    body = ", ".join(f"{column} {type_(column)}" for column in columns)
    body += f", PRIMARY KEY ({', '.join(key)})" if key else ""
    return f"{head} {table} ({body}){tail}"


def load_python(folder, base, shape):
    import sqlite3

    conn = sqlite3.connect(f"{base}/peer.db")
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=NORMAL")
    for table, (columns, key, _) in shape.items():
        conn.execute(ddl(table, columns, key))
    for path in archives(folder):
        with zipfile.ZipFile(path) as archive:
            for table, (columns, _, name) in shape.items():
                text = io.TextIOWrapper(archive.open(name), encoding="utf-8", newline="")
                rows = csv.reader(text, delimiter="|", quoting=csv.QUOTE_NONE)
                next(rows)
                marks = ",".join("?" * len(columns))
                conn.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", rows)
        conn.commit()


def load_sqlite(folder, base, shape):
    """The shell's .import into a table without a key, then INSERT OR IGNORE."""
    script = ["PRAGMA journal_mode=WAL;", "PRAGMA synchronous=NORMAL;", "PRAGMA cache_size=-262144;", "PRAGMA temp_store=MEMORY;"]
    for table, (columns, key, _) in shape.items():
        script.append(ddl(table, columns, key) + ";")
        script.append(ddl(f"S_{table}", columns, None, head="CREATE TEMP TABLE") + ";")
    script += [".mode csv", '.separator | "\\n"']
    for path in archives(folder):
        for table, (_, _, name) in shape.items():
            script.append(f".import --skip 1 '|unzip -p {path} {name}' S_{table}")
            script.append(f"INSERT OR IGNORE INTO {table} SELECT * FROM S_{table}; DELETE FROM S_{table};")
    with open(f"{base}/err", "w") as err:
        text = "\n".join(script) + "\n"
        subprocess.run(["sqlite3", f"{base}/peer.db"], input=text, text=True, stderr=err, stdout=subprocess.DEVNULL, check=True)


def load_duckdb(folder, base, shape, each=False):
    import duckdb

    conn = duckdb.connect(f"{base}/peer.db")
    for table, (columns, key, _) in shape.items():
        conn.execute(ddl(table, columns, key, lambda _: "VARCHAR"))

    def load(table, files):
        columns, _, _ = shape[table]
        typed = "{" + ",".join(f"'{column}':'VARCHAR'" for column in columns) + "}"
        conn.execute(
            f"INSERT OR IGNORE INTO {table} SELECT * FROM read_csv({files!r}, delim='|', header=true, quote='', "
            f"escape='', new_line='\\r\\n', auto_detect=false, columns={typed})"
        )

    paths = archives(folder)
    os.makedirs(f"{base}/x", exist_ok=True)
    for number, path in enumerate(paths):
        subprocess.run(["unzip", "-o", "-q", path, "-d", f"{base}/x/{number}"], check=True)
        if each:
            conn.execute("BEGIN")
            for table, (_, _, name) in shape.items():
                load(table, [f"{base}/x/{number}/{name}"])
            conn.execute("COMMIT")
    if not each:
        conn.execute("SET preserve_insertion_order=false")
        for table, (_, _, name) in shape.items():
            load(table, [f"{base}/x/{number}/{name}" for number in range(len(paths))])
    conn.execute("CHECKPOINT")


def load_mariadb(folder, base, shape):
    """LOAD DATA LOCAL INFILE … IGNORE into a server that `serve_mariadb` has started."""
    client = ["mariadb", "--no-defaults", "-uroot", "-S", f"{base}/s.sock", "--local-infile=1"]
    widths = {"CHIEFCOMP": 255, "DNAME": 255, "NAME": 50, "LNAME": 50, "DIDSTD": 24}
    width = lambda column: f"VARCHAR({widths.get(column, 20)})"
    script = ["DROP DATABASE IF EXISTS peer; CREATE DATABASE peer CHARACTER SET utf8mb4; USE peer; SET autocommit=0;"]
    for table, (columns, key, _) in shape.items():
        typed = lambda column: width(column) + (" NOT NULL" if column in key else "")
        script.append(ddl(table, columns, key, typed, tail=" ENGINE=InnoDB") + ";")
    for path in archives(folder):
        script.append(f"\\! unzip -o -q {path} -d {base}/x")
        for table, (_, _, name) in shape.items():
            script.append(
                f"LOAD DATA LOCAL INFILE '{base}/x/{name}' IGNORE INTO TABLE {table} CHARACTER SET utf8mb4 FIELDS "
                "TERMINATED BY '|' ESCAPED BY '' LINES TERMINATED BY '\\r\\n' IGNORE 1 LINES;"
            )
        script.append("COMMIT;")
    os.makedirs(f"{base}/x", exist_ok=True)
    subprocess.run(client, input="\n".join(script), text=True, check=True, stdout=subprocess.DEVNULL)


def serve_mariadb(base):
    """A server of its own: own data folder and socket, no network."""
    with open(f"{base}/log", "w") as log:
        subprocess.run(
            ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={base}/data", "--auth-root-authentication-method=normal"],
            stdout=log, stderr=log, check=True,
        )
        server = subprocess.Popen(
            ["mariadbd", "--no-defaults", "--user=root", f"--datadir={base}/data", f"--socket={base}/s.sock",
             f"--pid-file={base}/pid", "--skip-networking", "--skip-log-bin", "--local-infile=1",
             "--innodb-buffer-pool-size=4G", "--innodb-log-file-size=1G", "--innodb-flush-log-at-trx-commit=2",
             "--innodb-flush-method=O_DIRECT_NO_FSYNC", "--max-allowed-packet=64M"],
            stdout=log, stderr=log,
        )
    for _ in range(100):
        ping = ["mariadb-admin", "--no-defaults", "-uroot", "-S", f"{base}/s.sock", "ping"]
        if subprocess.run(ping, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return server
        time.sleep(0.2)
    raise SystemExit("mariadbd did not start")


PEERS = {
    "python": ("Python csv + executemany", load_python, "sqlite3"),
    "sqlite": ("sqlite3 .import + INSERT OR IGNORE", load_sqlite, None),
    "duckdb": ("DuckDB keyed, one bulk", load_duckdb, "duckdb"),
    "duckdb-each": ("DuckDB keyed, per archive", lambda *a: load_duckdb(*a, each=True), "duckdb"),
    "mariadb": ("MariaDB LOAD DATA IGNORE, per archive", load_mariadb, None),
}


def missing(peer):
    programs = {"sqlite": "sqlite3", "mariadb": "mariadbd"}
    if peer in programs and not shutil.which(programs[peer]):
        return programs[peer]
    module = PEERS[peer][2]
    if module and subprocess.run([sys.executable, "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode:
        return module
    return None


def timed(command):
    """Seconds, peak MiB of the largest process, and whether it succeeded."""
    before = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    return time.perf_counter() - before, usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)


def size(path):
    return sum(os.path.getsize(file) for file in glob.glob(path)) / 1e6


def run_khlang(args, base, paths):
    os.makedirs(base)
    if args.units:
        shutil.copy(args.units, f"{base}/units.csv")
    took = timed([args.khlang, "--data", base, "import", *paths])
    return took, size(f"{base}/khlang.db*")


def run_peer(args, peer, base):
    os.makedirs(base)
    server = serve_mariadb(base) if peer == "mariadb" else None
    own = [sys.executable, os.path.abspath(__file__), "--load", peer, "--archives", args.archives, "--work", base, "--key-order", args.key_order]
    took = timed(own)
    if server:
        with open(f"/proc/{server.pid}/status") as status:
            peak = re.search(r"VmHWM:\s+(\d+)", status.read())
        subprocess.run(["mariadb-admin", "--no-defaults", "-uroot", "-S", f"{base}/s.sock", "shutdown"], check=True)
        server.wait()
        took = (took[0], int(peak.group(1)) / 1024, took[2])
        return took, size(f"{base}/data/peer/*")
    return took, size(f"{base}/peer.db*")


def rows_of(paths):
    count = 0
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    lines = sum(block.count(b"\n") for block in iter(lambda: member.read(1 << 20), b""))
                    count += max(lines - 1, 0)
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--khlang", default=f"{ROOT}/target/release/khlang")
    parser.add_argument("--archives", required=True)
    parser.add_argument("--units")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--key-order", choices=["natural", "seq"], default="natural")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--work", default="/tmp/khlang-peers")
    parser.add_argument("--load", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.load:
        PEERS[args.load][1](args.archives, args.work, tables(args.archives, args.key_order))
        return
    paths = archives(args.archives)
    rows = rows_of(paths)
    peers = [peer for peer in args.peers.split(",") if peer]
    for peer in list(peers):
        if lacks := missing(peer):
            print(f"left out: {PEERS[peer][0]} ({lacks} is not installed)")
            peers.remove(peer)
    results = {name: [] for name in ["khlang", *peers]}
    for round_ in range(args.rounds):
        for name in results:
            base = f"{args.work}/{name}-{round_}"
            shutil.rmtree(base, ignore_errors=True)
            result = run_khlang(args, base, paths) if name == "khlang" else run_peer(args, name, base)
            (seconds, _, status), _ = result
            print(f"round {round_ + 1}: {name}: {seconds:.1f} s", file=sys.stderr)
            if status:
                raise SystemExit(f"{name} ended with {status}: nothing to compare")
            results[name].append(result)
            shutil.rmtree(base)
    print(f"{len(paths)} archives, {rows:,} rows, key order of the others: {args.key_order}, {args.rounds} rounds\n")
    print("| what | seconds (least–most) | rows/s | ours is | peak MiB | database MB |\n|---|---|---|---|---|---|")
    ours = [run[0][0] for run in results["khlang"]]
    for name, runs in results.items():
        seconds = sorted(run[0][0] for run in runs)
        median = statistics.median(seconds)
        peak = max(run[0][1] for run in runs)
        title = "khlang import, all checks, receipts" if name == "khlang" else PEERS[name][0]
        # Of each round by itself: a machine that others share may be slow for a whole round.
        ratio = statistics.median(run[0][0] / own for run, own in zip(runs, ours))
        ratio = "" if name == "khlang" else f"{ratio:.1f}×"
        print(f"| {title} | {median:.1f} ({seconds[0]:.1f}–{seconds[-1]:.1f}) | {rows / median:,.0f} | {ratio} | {peak:.0f} | {runs[0][1]:.0f} |")


if __name__ == "__main__":
    main()
