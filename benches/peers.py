#!/usr/bin/env python3
"""Loads a folder of archives with Khlang and with what anybody would use instead, and prints one table.

    python3 benches/peers.py --khlang target/release/khlang --archives DIR [--units FILE] [--rounds 3]
                             [--key-order natural,seq] [--keys scripts|dictionary]
                             [--peers python,sqlite,duckdb,duckdb-each,mariadb] [--work DIR]

The archives are UTF-8 with header lines, the same members and columns in all of them. All programs load the same rows
under unique keys, unzip included, in the order in which the archives were sent. The others validate nothing, write no
receipts and keep no originals. Khlang is durable at every archive (synchronous=FULL), and what it leaves in its
write-ahead log is brought into the database within its time; SQLite's others run with synchronous=NORMAL, MariaDB with
flush_log_at_trx_commit=2.

Keys of the others: those that are commonly given to these files (`scripts`, the default: mostly shorter, so kinder to
them), or those of schema/records, which Khlang holds (`dictionary`). In natural order (HOSPCODE, PID, SEQ, …), or with
SEQ before PID (`seq`), as rows arrive. Both in one run: Khlang has its turn once a round and is compared to both.
Programs take turns (A B C, A B C …); the table gives medians, and the median of the rounds' ratios. `khlang verify` has
to agree, and the others must agree on how many rows there are. What is not installed is left out, and said.
Needs Python 3.11; duckdb from PyPI; unzip, sqlite3 and mariadb-server from the system.
"""

import argparse
import csv
import glob
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile

import common
from common import ROOT, archives

# The natural keys that the peers' reference scripts give the seven files of the loader comparison.
SCRIPTS = {
    "PERSON": "HOSPCODE PID",
    "SERVICE": "HOSPCODE PID SEQ",
    "DIAGNOSIS_OPD": "HOSPCODE PID SEQ DIAGTYPE DIAGCODE",
    "DRUG_OPD": "HOSPCODE PID SEQ CLINIC DIDSTD",
    "PROCEDURE_OPD": "HOSPCODE PID SEQ CLINIC PROCEDCODE",
    "NCDSCREEN": "HOSPCODE PID SEQ",
    "EPI": "HOSPCODE PID SEQ VACCINETYPE",
}

# Characters of the columns that are wider or narrower than 20, for MariaDB.
WIDTHS = {"CHIEFCOMP": 255, "DNAME": 255, "NAME": 50, "LNAME": 50, "DIDSTD": 24, "CID": 13, "SEQ": 16, "PID": 15}
WIDTHS |= {"HOSPCODE": 5, "DATE_SERV": 8, "D_UPDATE": 14, "DIAGCODE": 6, "DIAGTYPE": 1, "CLINIC": 5, "PROCEDCODE": 15}


def heads(path):
    """Header line of each member."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.open(name).readline().decode("utf-8-sig").strip() for name in archive.namelist()}


def tables(folder, order, keys):
    """Columns by the header lines of the first archive, keys by the scripts or by the dictionary."""
    found = {}
    for name, head in heads(archives(folder)[0]).items():
        table = os.path.splitext(os.path.basename(name))[0].upper()
        columns = head.split("|")
        if keys == "scripts" and table in SCRIPTS:
            key = SCRIPTS[table].split()
        else:
            with open(f"{ROOT}/schema/records/{table.lower()}.toml", "rb") as record:
                key = [part for part in tomllib.load(record)["key"] if part in columns]
        if order == "seq" and "SEQ" in key and "PID" in key:
            key.remove("SEQ")
            key.insert(1, "SEQ")
        found[table] = (columns, key, name)
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
    conn.close()


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
    conn.close()


def load_mariadb(folder, base, shape):
    """LOAD DATA LOCAL INFILE … IGNORE into a server that `serve_mariadb` has started."""
    client = ["mariadb", "--no-defaults", "-uroot", "-S", f"{base}/s.sock", "--local-infile=1"]
    width = lambda column: f"VARCHAR({WIDTHS.get(column, 20)})"
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
    server.kill()
    raise SystemExit("mariadbd did not start")


# Program, how it loads, the module that it needs, and how many times as fast Khlang is to be: natural order, seq.
PEERS = {
    "python": ("Python csv + executemany", load_python, "sqlite3", (8, 6)),
    "sqlite": ("sqlite3 .import + INSERT OR IGNORE", load_sqlite, None, (8, 7)),
    "duckdb": ("DuckDB keyed, one bulk", load_duckdb, "duckdb", (5, 4.5)),
    "duckdb-each": ("DuckDB keyed, per archive", lambda *a: load_duckdb(*a, each=True), "duckdb", (15, 15)),
    "mariadb": ("MariaDB LOAD DATA IGNORE, per archive", load_mariadb, None, (7, 5)),
}
ORDERS = ["natural", "seq"]


def missing(peer):
    programs = {"sqlite": ["sqlite3", "unzip"], "mariadb": ["mariadbd", "unzip"], "duckdb": ["unzip"], "duckdb-each": ["unzip"]}
    for program in programs.get(peer, []):
        if not shutil.which(program):
            return program
    module = PEERS[peer][2]
    if module and subprocess.run([sys.executable, "-c", f"import {module}"], stderr=subprocess.DEVNULL).returncode:
        return module
    return None


class Turn:
    """What a program did in one round."""

    def __init__(self, seconds, peak, megabytes, stored):
        self.seconds, self.peak, self.megabytes, self.stored = seconds, peak, megabytes, stored


def size(path):
    return sum(os.path.getsize(file) for file in glob.glob(path)) / 1e6


def run_khlang(args, base, paths):
    if args.units:
        shutil.copy(args.units, f"{base}/units.csv")
    seconds, _, peak, _ = common.run([args.khlang, "--data", base, "import", *paths], base)
    seconds += common.bring_home(base)
    return Turn(seconds, peak, common.database_bytes(base) / 1e6, common.verify(args.khlang, base))


def run_peer(args, peer, order, base):
    shape = tables(args.archives, order, args.keys)
    own = [sys.executable, os.path.abspath(__file__), "--load", peer, "--archives", args.archives, "--work", base]
    own += ["--key-order", order, "--keys", args.keys]
    if peer != "mariadb":
        seconds, _, peak, _ = common.run(own, base)
        return Turn(seconds, peak, size(f"{base}/peer.db*"), count_rows(peer, base, shape))
    server = serve_mariadb(base)
    try:
        seconds, *_ = common.run(own, base)
        peak = common.peak_mib(server.pid)
        stored = count_rows(peer, base, shape)
    finally:
        server.terminate()
        server.wait()
    return Turn(seconds, peak, size(f"{base}/data/peer/*"), stored)


def count_rows(peer, base, shape):
    """Rows stored, in another process than the one that was measured."""
    counts = " + ".join(f"(SELECT count(*) FROM {table})" for table in shape)
    if peer == "mariadb":
        client = ["mariadb", "--no-defaults", "-uroot", "-S", f"{base}/s.sock", "-N", "-e", f"SELECT {counts}", "peer"]
        return int(subprocess.run(client, capture_output=True, text=True, check=True).stdout)
    module = "duckdb" if peer.startswith("duckdb") else "sqlite3"
    code = f"import {module} as m; print(m.connect({base + '/peer.db'!r}).execute({'SELECT ' + counts!r}).fetchone()[0])"
    return int(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)


def rows_of(paths):
    """Rows of all archives; the others can only read archives that are all of one form."""
    count, first = 0, heads(paths[0])
    for path in paths:
        if heads(path) != first:
            raise SystemExit(f"{path} has other members or columns than {paths[0]}: the others cannot load such a mixture")
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as member:
                    lines = sum(block.count(b"\n") for block in iter(lambda: member.read(1 << 20), b""))
                    count += max(lines - 1, 0)
    return count


def measure(args, peers, work, paths):
    """Every program in turn, round by round."""
    names = [("khlang", None), *((peer, order) for order in args.key_order for peer in peers)]
    results = {name: [] for name in names}
    for round_ in range(args.rounds):
        for name in names:
            base = f"{work}/{name[0]}-{name[1]}-{round_}"
            os.makedirs(base)
            turn = run_khlang(args, base, paths) if name[1] is None else run_peer(args, *name, base)
            common.say(f"round {round_ + 1}: {' '.join(filter(None, name))}: {turn.seconds:.1f} s")
            results[name].append(turn)
            common.make_empty(base)
    return results


def print_table(results, rows):
    print("| what | key order | seconds (least–most) | rows/s | ours is (least–most) | aim | reached | peak MiB | database MB | rows stored |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    ours = [turn.seconds for turn in results["khlang", None]]
    for (name, order), turns in results.items():
        seconds = sorted(turn.seconds for turn in turns)
        middle = common.median(seconds)
        # Of each round by itself: a machine that others share may be slow for a whole round.
        ratios = sorted(turn.seconds / own for turn, own in zip(turns, ours))
        ratio = aim = reached = ""
        title = "khlang import, all checks, receipts"
        if order:
            title, aim = PEERS[name][0], PEERS[name][3][ORDERS.index(order)]
            ratio = f"{common.median(ratios):.1f}× ({ratios[0]:.1f}–{ratios[-1]:.1f})"
            reached, aim = "yes" if common.median(ratios) >= aim else "no", f"{aim:g}×"
        print(f"| {title} | {order or 'ours'} | {middle:.1f} ({seconds[0]:.1f}–{seconds[-1]:.1f}) | {rows / middle:,.0f} | {ratio} | {aim} | {reached} "
              f"| {max(turn.peak for turn in turns):.0f} | {turns[0].megabytes:.0f} | {turns[0].stored:,} |")
    others = {turn.stored for (_, order), turns in results.items() if order for turn in turns}
    if len(others) > 1:
        raise SystemExit(f"the others do not agree on how many rows there are: {others}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.program(parser)
    parser.add_argument("--archives", required=True)
    parser.add_argument("--units", help="units.csv with the senders")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--key-order", default="natural,seq")
    parser.add_argument("--keys", choices=["scripts", "dictionary"], default="scripts")
    parser.add_argument("--peers", default=",".join(PEERS))
    parser.add_argument("--work", help="folder for databases, which go away at the end")
    parser.add_argument("--load", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.archives = os.path.abspath(args.archives)
    args.work = args.work and os.path.abspath(args.work)
    if args.load:
        PEERS[args.load][1](args.archives, args.work, tables(args.archives, args.key_order, args.keys))
        return
    common.absolute(args)
    args.key_order = args.key_order.split(",")
    paths = archives(args.archives)
    rows = rows_of(paths)
    peers = [peer for peer in args.peers.split(",") if peer]
    for peer in list(peers):
        if lacks := missing(peer):
            print(f"left out: {PEERS[peer][0]} ({lacks} is not installed)")
            peers.remove(peer)
    with tempfile.TemporaryDirectory(prefix="khlang-peers-", dir=args.work) as work:
        results = measure(args, peers, work, paths)
    keys = "common ones" if args.keys == "scripts" else "those of the dictionary"
    print(f"{len(paths)} archives, {rows:,} rows, {args.rounds} rounds; keys of the others: {keys}; verify agrees with ours\n")
    print_table(results, rows)


if __name__ == "__main__":
    main()
