#!/usr/bin/env bash
# [OPPP-2557 s. 28] as a whole, from an empty folder: two units send to a province, the
# province sends on to NHSO, NHSO refuses some rows and pays for the others, and
# what it answers reaches the units, who mend their rows.
#
#   docs/slide28.sh [FOLDER] [KHLANG]
#
# FOLDER is made and must be empty (default: slide28); KHLANG is the program
# (default: khlang). NHSO is made up: a few lines of Python, which read the
# archives as anybody would, refuse a row of two files of each, and take no row
# twice. All persons are synthetic.
set -euo pipefail

folder=${1:-slide28}
khlang=$(command -v "${2:-khlang}") || { echo "there is no ${2:-khlang}" >&2; exit 2; }
khlang=$(realpath "$khlang")
mkdir -p "$folder"
cd "$folder"
[ -z "$(ls -A)" ] || { echo "$folder is not empty" >&2; exit 2; }
export LC_ALL=C.UTF-8

say() { printf '\n== %s\n' "$*"; }
# The program, at a time: everything here is the same on every day.
at() { local now=$1; shift; "$khlang" --now "$now" --lang en "$@"; }

mkdir config data nhso
printf '[[forward]]\nname = "nhso"\n' > config/khlang.toml

# NHSO: what it has taken is in nhso/taken.txt. It reads the archives of a folder
# and writes its answer: a line for each file that passed, and one for each row
# that did not. The first time it refuses the first row of CHRONICFU and of NCDSCREEN.
cat > nhso/read.py <<'PY'
import csv, json, pathlib, sys, zipfile

home, answer, picky = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "picky"
ledger = pathlib.Path("nhso/taken.txt")
taken = set(ledger.read_text().splitlines()) if ledger.exists() else set()
columns = ["HCODE", "ARCHIVE", "FILE", "LINE", "PID", "SEQ", "DATE_SERV", "CODE", "RESULT", "POINT"]
lines, passed, refused = [], 0, []
for path in sorted(home.glob("*.zip")):
    hcode = path.name.split("_")[1]
    archive = zipfile.ZipFile(path)
    for member in sorted(archive.namelist()):
        raw = archive.read(member)
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("cp874")
        file = pathlib.PurePosixPath(member).stem.split("_" + hcode)[0].upper()
        rows = text.rstrip("\x1a\r\n").split("\n")
        first = rows[0].strip().upper().split("|")
        header = first if "PID" in first or "PCUCODE" in first or "HOSPCODE" in first else None
        left = 1 if picky and file in ("CHRONICFU", "NCDSCREEN") else 0
        for line, row in enumerate(rows, 1):
            if header and line == 1:
                continue
            values = dict(zip(header or [], row.strip().split("|")))
            told = [values.get(name, "") for name in ("PID", "SEQ", "DATE_SERV")]
            if left:
                left -= 1
                refused.append([path.name, file, line, row])
                lines.append([hcode, path.name, file, line, *told, "NH0001", "R", "0"])
                continue
            key = f"{hcode} {file} {row.strip()}"
            if key in taken:
                sys.exit(f"{path.name}: {file} line {line} came twice")
            taken.add(key)
            passed += 1
            lines.append([hcode, path.name, file, line, *told, "", "A", "1"])
with open(answer, "w", newline="", encoding="utf-8") as out:
    csv.writer(out).writerows([columns, *lines])
ledger.write_text("\n".join(sorted(taken)) + "\n")
pathlib.Path(answer + ".refused.json").write_text(json.dumps(refused))
print(f"NHSO: {passed} rows passed, {len(refused)} were refused")
PY

# A unit mends what was refused, and sends those files anew: the rows that stand
# already are duplicates, and the mended ones are new.
cat > nhso/mend.py <<'PY'
import json, pathlib, re, sys, zipfile

refused = json.loads(pathlib.Path(sys.argv[1]).read_text())
for path in sorted(pathlib.Path(sys.argv[2]).glob("*.zip")):
    hcode = path.name.split("_")[1]
    mended = {}
    for archive, file, _, row in refused:
        if archive.split("_")[1] == hcode:
            mended.setdefault(file, set()).add(row.strip())
    source = zipfile.ZipFile(path)
    to = pathlib.Path(sys.argv[3]) / re.sub(r"\d{14}", sys.argv[4], path.name)
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as out:
        for member in source.namelist():
            base = pathlib.PurePosixPath(member)
            file = base.stem.split("_" + hcode)[0].upper()
            if base.suffix.lower() != ".txt" or file not in mended:
                continue
            raw = source.read(member)
            code = "utf-8"
            try:
                raw.decode(code)
            except UnicodeDecodeError:
                code = "cp874"
            lines = []
            for line in raw.decode(code).split("\n"):
                bare = line.lstrip("\ufeff").strip()
                if bare in mended[file]:
                    # The time of the last change, which every row has.
                    line = re.sub(r"20\d{12}", sys.argv[5], line)
                lines.append(line)
            out.writestr(member, "\n".join(lines).encode(code))
    print(to.name)
PY

say "1. Two units write their archives"
at 2014-02-18T08:00:00+07:00 sample units --units 2 --persons 150 --months 1 --start 2014-01-01 --seed 3 \
  --standard f21
cp units/units.csv data/units.csv

say "2. The province takes them"
at 2014-02-18T09:00:00+07:00 registry import units/population.csv
at 2014-02-18T09:00:00+07:00 import units/*.zip

say "3. It sends on to NHSO"
at 2014-02-18T18:00:00+07:00 forward --dry-run > /dev/null
at 2014-02-18T18:00:00+07:00 forward nhso
at 2014-02-18T18:00:00+07:00 forward status

say "4. NHSO reads them, and answers"
python3 nhso/read.py data/exports/forward/nhso/20140218180000 nhso/rep1.csv picky

say "5. The answer comes back, and goes to the units"
at 2014-02-20T09:00:00+07:00 rep import nhso/rep1.csv --layout khlang --by officer
at 2014-02-20T09:00:00+07:00 rep send 1
ls data/outbox/*/*.csv

say "6. What was refused is taken back on record, so that it can be sent again"
at 2014-02-20T10:00:00+07:00 rep free 1 --reason "refused by NHSO" --by officer

say "7. The units mend their rows"
mkdir mended
python3 nhso/mend.py nhso/rep1.csv.refused.json units mended 25570221080000 20140220120000
at 2014-02-21T09:00:00+07:00 import mended/*.zip

say "8. They go to NHSO, which takes them"
at 2014-02-21T18:00:00+07:00 forward nhso
python3 nhso/read.py data/exports/forward/nhso/20140221180000 nhso/rep2.csv content
at 2014-02-23T09:00:00+07:00 rep import nhso/rep2.csv --layout khlang --by officer
at 2014-02-23T09:00:00+07:00 rep list

say "9. NHSO pays, and what it paid is held against what was allocated"
printf 'ROUND,PART,PERIOD,CUP,AMOUNT,DOCUMENT,PAID_ON\n2557,QUARTER,3,10651,1000.00,NHSO-1,25570401\n' \
  > nhso/statement.csv
at 2014-04-02T09:00:00+07:00 statement import nhso/statement.csv --layout khlang_statement --by officer
at 2014-04-02T09:00:00+07:00 statement compare --round 2557

say "10. All of it adds up"
at 2014-04-02T10:00:00+07:00 verify
