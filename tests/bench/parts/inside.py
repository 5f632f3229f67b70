# SPDX-License-Identifier: GPL-2.0-or-later
"""
Work inside of a container. One container of each peer does all of the work, one thing after another, on a fresh root, and prints how long each
took; the peers take turns. To add work is one row of WORK: (name, shell text that is not timed, shell text that is).
"""

import os
import random

from . import peers
from .measure import Row, Table

RUNS = 5
PROOT_RUNS = 2  # it takes minutes, and is nowhere near

STORM = "import os\np=[os.path.join(d,f) for d,_,fs in os.walk('/usr') for f in fs][:20000]\n"
STAT = STORM + "for i in range(3):\n for f in p: os.lstat(f)"
OPEN = STORM + "for f in p:\n try: os.close(os.open(f,os.O_RDONLY))\n except OSError: pass"
GETDENTS = "import os\nfor i in range(20): os.listdir('/work/many')"
MANY = "import os\nos.mkdir('/work/many')\nfor i in range(20000): open(f'/work/many/{i}','w').close()"
IMPORTS = "import json,asyncio,email.message,http.client,unittest,sqlite3,xml.dom.minidom,multiprocessing,decimal,logging.config"
RANDOM = ("import os,random\nr=random.Random(1)\nfd=os.open('/work/big',os.O_RDWR)\n"
          "for i in range(50000): os.pread(fd,4096,r.randrange(16384)*4096)\n"
          "for i in range(50000): os.pwrite(fd,b'x'*4096,r.randrange(16384)*4096)")
SQL = ("(echo 'create table t(a integer primary key, b text);begin;'; seq 1 50000 | sed \"s/.*/insert into t(b) values('row &');/\"; echo 'commit;'; "
       "seq 1 200 | sed \"s/.*/insert into t(b) values('own &');/\"; echo 'select count(*) from t;') >/work/in.sql")

WORK = [
    ("find", "", "find / -xdev"),
    ("ls -lR", "", "ls -lR /usr"),
    ("stat storm", f'cat >/work/s.py <<"E"\n{STAT}\nE', "python3 /work/s.py"),
    ("open storm", f'cat >/work/o.py <<"E"\n{OPEN}\nE', "python3 /work/o.py"),
    ("getdents", f'cat >/work/g.py <<"E"\n{GETDENTS}\nE\npython3 -c "{MANY}"', "python3 /work/g.py"),
    ("dpkg -i", "", "dpkg -i /bench/debs/*.deb"),
    ("untar", "tar -C /usr -cf /work/u.tar include lib/python3 lib/git-core share/nodejs; mkdir /work/u", "tar -C /work/u -xf /work/u.tar"),
    ("cp -a", "", "cp -a /usr/share/nodejs /work/cp"),
    ("rm -rf", "", "rm -rf /usr/share/nodejs.old /usr/share/doc /usr/share/locale /usr/share/zoneinfo /usr/share/perl"),
    ("chmod -R", "", "chmod -R g+w /usr/include"),
    ("append to 1000 files", "find /usr/lib/python3* -name '*.py' | head -1000 >/work/l", "while read -r f; do echo '# x' >>$f; done </work/l"),
    ("sed -i of 1000 files", "", "xargs sed -i s/import/import/ </work/l"),
    ("gcc x8", "for i in 1 2 3 4 5 6 7 8; do printf '#include <stdio.h>\\n#include <stdlib.h>\\nint f%d(void){return %d;}\\n' $i $i >/work/c$i.c; done",
     "for i in 1 2 3 4 5 6 7 8; do gcc -O1 -c /work/c$i.c -o /work/c$i.o; done"),
    ("make -j2", "cp -r /bench/src/project /work/project", "make -s -j2 -C /work/project generic"),
    ("git", "cp -r /usr/include /usr/lib/python3* /work/u/ 2>/dev/null; mkdir /work/r; cp -r /usr/lib/python3* /work/r/; cd /work/r; "
     "git config --global user.email a@b; git config --global user.name n; git config --global gc.auto 0; git init -q",
     "git add . && git commit -qm 1 && git status && git checkout -q -b other && git rm -rq --cached . && git reset -q --hard"),
    ("python imports", "", f"for i in 1 2 3 4 5 6 7 8 9 10; do python3 -c '{IMPORTS}'; done"),
    ("sqlite inserts", SQL, "sqlite3 /work/db </work/in.sql"),
    ("npm install", "cp -r /bench/npm/app /work/app; cd /work/app", "npm install --offline --no-audit --no-fund --loglevel=error --cache /work/npm"),
    ("sequential I/O", "", "dd if=/dev/zero of=/work/big bs=1M count=64 2>&1; dd if=/work/big of=/dev/null bs=1M 2>&1; cp /work/big /work/big2; rm /work/big2"),
    ("random I/O", f'[ -e /work/big ] || dd if=/dev/zero of=/work/big bs=1M count=64 2>&1; cat >/work/r.py <<"E"\n{RANDOM}\nE', "python3 /work/r.py"),
]
QUICK = {"find", "ls -lR", "dpkg -i", "untar", "cp -a", "rm -rf", "append to 1000 files", "gcc x8"}
VARIANTS = {"native": "native", "ours-eager": "eager", "ours-lazy": "lazy", "overlay": "overlayfs", "fuse": "fuse-overlayfs", "proot": "proot"}
RATIOS = [("ours-eager", "native"), ("ours-eager", "overlay"), ("ours-eager", "fuse"), ("ours-eager", "proot"), ("ours-lazy", "ours-eager"), ("ours-lazy", "overlay")]
# what a later row needs of an earlier one
NEEDS = {"sed -i of 1000 files": ["append to 1000 files"]}

FUNCTIONS = """
work() {
	cd /work
	eval "$2" >/dev/null || { echo "FAIL $1"; return; }
	t0=$(date +%s%N)
	(set -e; eval "$3") >/dev/null
	r=$?
	t1=$(date +%s%N)
	[ $r = 0 ] && echo "TIME $((t1 - t0)) $1" || echo "FAIL $1"
}
mkdir -p /work
"""


def names():
    return [w[0] for w in WORK]


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def wanted(bench):
    rows = [w for w in WORK if bench.wants("inside", w[0]) and (not bench.opts.quick or w[0] in QUICK or bench.opts.only)]
    needed = {n for w in rows for n in NEEDS.get(w[0], ())}
    return [w for w in WORK if w in rows or w[0] in needed]


def script(rows):
    return FUNCTIONS + "\n".join(f"work {quote(n)} {quote(setup or ':')} {quote(text)}" for n, setup, text in rows) + "\n"


def make_peers(bench, place, image, text):
    args = ["/bin/sh", "-c", text]
    # natively: the same confinement on a directory of its own, without any layering
    found = [peers.Copy(bench, place, image, "native", args, bench.ours, ["--cow=off"]),
             peers.Ours(bench, place, image, "ours-eager", args, {"run.sandlock.cow.populate": "eager"}),
             peers.Ours(bench, place, image, "ours-lazy", args, {"run.sandlock.cow.populate": "lazy"})]
    if bench.versions["crun"]:
        found.append(peers.Overlay(bench, place, image, "overlay", args, "crun"))
        if bench.versions["fuse-overlayfs"]:
            found.append(peers.FuseOverlay(bench, place, image, "fuse", args, "crun"))
    if bench.versions["proot"]:
        found.append(peers.Proot(bench, place, image, "proot", args))
    return peers.usable(bench, "inside", found)


def one_life(bench, peer, rows):
    """Milliseconds by row; -1 for what failed."""
    log = os.path.join(peer.dir, "log")
    with open(log, "w+", encoding="utf-8") as f:
        peer.life(0, f.fileno())
        f.seek(0)
        text = f.read()
    peers.reap()
    times = {}
    for line in text.splitlines():
        if line.startswith("TIME "):
            _, ns, name = line.split(" ", 2)
            times[name] = int(ns) / 1e6
        elif line.startswith("FAIL "):
            bench.note(f"inside: {line[5:]} fails with {peer.key}")
    if not times:
        raise RuntimeError(f"{peer.key} printed nothing: {text[-200:]}")
    return {n: times.get(n) for n, _, _ in rows}


def measure(bench):
    tables = []
    rows = wanted(bench)
    for place in bench.places:
        image = bench.image("bench", place)
        if not image:
            bench.note("inside: no image: tests/bench/make-image makes it, once")
            return []
        found = make_peers(bench, place, image, script(rows))
        table = Table(f"Work inside, {place.name}", "ms", VARIANTS, RATIOS, "On a Debian root of 45 000 entries, each time a fresh one; its making is "
                      "not in the time. Native: the same container on a directory of its own.", mean=True)
        table.rows = [Row(n) for n, _, _ in rows]
        for p in found.values():
            p.prepare(1)
        for i in range(bench.runs(RUNS) + 1):
            for key in random.sample(list(found), len(found)):
                if key == "proot" and not 1 <= i <= PROOT_RUNS:
                    continue
                bench.progress(f"{table.title}: round {i}, {key}" + (" (warm-up)" if i == 0 else ""))
                try:
                    times = one_life(bench, found[key], rows)
                except (OSError, RuntimeError) as e:
                    bench.note(f"inside: {key} is left out: {e}")
                    found.pop(key).clean()
                    continue
                for row in table.rows if i else ():
                    if times[row.name] is not None:
                        row.samples.setdefault(key, []).append(times[row.name])
        for p in found.values():
            p.clean()
        tables.append(table)
    return tables
