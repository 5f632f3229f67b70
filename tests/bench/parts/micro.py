# SPDX-License-Identifier: GPL-2.0-or-later
"""Single system calls inside of a container, copy-up by size, populate; and which system calls populate spends its time in."""

import os
import re
import shutil
import subprocess

from . import host, peers, startup
from .measure import Row, Table, interleave

RUNS = 5
# (directory of the image, number of files, size)
COPY_UP = [("0 B", 200, 0), ("4 KiB", 200, 4096), ("1 MiB", 40, 1 << 20), ("64 MiB", 3, 64 << 20)]
# name in the output of bench-calls: what is asked here
CALLS = {
    "getppid": "no path, no filter: the floor",
    "stat": "reading is nobody's business",
    "open for reading": "",
    "umask": "trapped, noted, continued",
    "fchmod": "served through a descriptor",
    "chmod": "served, by path",
    "utimensat": "served, by path",
    "open for writing": "served, a descriptor is injected",
    "make and unlink": "the kernel's",
    "rename twice": "the kernel's",
}
VARIANTS = {"native": "native", "ours-eager": "eager", "ours-lazy": "lazy", "overlay": "overlayfs", "fuse": "fuse-overlayfs"}
RATIOS = [("ours-eager", "native"), ("ours-lazy", "native"), ("ours-eager", "overlay")]
POPULATE = {"populate": "populate", "remove": "remove"}


def names():
    return list(CALLS) + [f"copy-up of {n}" for n, _, _ in COPY_UP] + ["populate", "populate shares"]


def image(bench, place):
    path = place.dir("images", "micro")
    if not os.path.isdir(path):
        startup.make_tree(path, 100)
        shutil.copy(bench.helper(), path + "/bin/bench-calls")
        for name, count, size in COPY_UP:
            os.makedirs(f"{path}/bench/{name}")
            for i in range(count):
                with open(f"{path}/bench/{name}/{i}", "wb") as f:
                    f.write(os.urandom(min(size, 1 << 20)) * max(1, size >> 20))
    return path


def one_life(peer):
    log = os.path.join(peer.dir, "log")
    with open(log, "w+", encoding="utf-8") as f:
        peer.life(0, f.fileno())
        f.seek(0)
        lines = f.read().splitlines()
    peers.reap()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) / 1000 for line in lines}


def calls(bench, place):
    img = image(bench, place)
    args = ["/bin/bench-calls", "calls", "/tmp"] + [f"/bench/{n}" for n, _, _ in COPY_UP]
    found = [peers.Copy(bench, place, img, "native", args, bench.ours, ["--cow=off"]),
             peers.Ours(bench, place, img, "ours-eager", args, {"run.sandlock.cow.populate": "eager"}),
             peers.Ours(bench, place, img, "ours-lazy", args, {"run.sandlock.cow.populate": "lazy"})]
    if bench.versions["crun"]:
        found.append(peers.Overlay(bench, place, img, "overlay", args, "crun"))
        if bench.versions["fuse-overlayfs"]:
            found.append(peers.FuseOverlay(bench, place, img, "fuse", args, "crun"))
    found = peers.usable(bench, "micro", found)
    table = Table(f"Single calls, {place.name}", "µs", VARIANTS, RATIOS, "An open includes its close. Copy-up: a file of the image is opened for "
                  "writing for the first time.")
    rows = {n: Row(n, CALLS.get(n, "")) for n in names() if not n.startswith("populate") and bench.wants("micro", n)}
    for p in found.values():
        p.prepare(1)
    for i in range(bench.runs(RUNS) + 1):
        for key in list(found):
            bench.progress(f"{table.title}: round {i}, {key}")
            try:
                got = one_life(found[key])
            except (OSError, RuntimeError, ValueError) as e:
                bench.note(f"micro: {key} is left out: {e}")
                found.pop(key).clean()
                continue
            for n, row in rows.items():
                if i and n in got:
                    row.samples.setdefault(key, []).append(got[n])
    for p in found.values():
        p.clean()
    table.rows = list(rows.values())
    return table


def populate_bench(bench, img, store, before=()):
    program = os.path.join(bench.builddir, "tests/bench/populate-bench")
    if not os.path.exists(program):
        raise RuntimeError(f"no program {program}: `make bench-programs` builds it")
    return host.run(*before, program, img, store, "auto", "1")


def populate(bench, place):
    """Thousands of entries a second, making and removing."""
    table = Table(f"Populate, {place.name}", "thousand entries/s", POPULATE, [], "By the engine alone, without a container.")
    for entries in (500, 7000) if bench.opts.quick else (500, 7000, 100000):
        img = startup.image(bench, place, entries)
        n = int(host.run("sh", "-c", 'find "$0" | wc -l', img))
        store = place.dir("store")

        def rate(word, img=img, n=n, store=store):
            return n / float(re.search(word + r" +([\d.]+) ms", populate_bench(bench, img, store)).group(1))

        row = Row(f"{n} entries")
        interleave(bench, row, {w: (lambda w=w: rate(w)) for w in POPULATE}, bench.runs(RUNS))
        table.rows.append(row)
    return table


def shares(bench, place):
    """strace -c: shares of the time in the kernel; what strace adds to each call is in there."""
    if not shutil.which("strace"):
        bench.note("strace is not installed: the shares of populate's steps are left out")
        return None
    out = place.dir("strace")
    populate_bench(bench, startup.image(bench, place, 7000), place.dir("store"), ["strace", "-f", "-c", "-o", out])
    table = Table(f"Where populate and removal spend their time, {place.name}", "% of system time", {"share": "share", "calls": "calls"}, [],
                  "strace -c on 7000 entries.")
    with open(out, encoding="utf-8") as f:
        for line in f:
            v = line.split()
            if len(v) >= 5 and re.fullmatch(r"[\d.]+", v[0]) and v[-1] != "total" and float(v[0]) >= 1:
                row = Row(v[-1])
                row.samples = {"share": [float(v[0])], "calls": [float(v[3])]}
                table.rows.append(row)
    return table


def measure(bench):
    tables = []
    for place in bench.places:
        try:
            if bench.wants_part("micro", [n for n in names() if not n.startswith("populate")]):
                tables.append(calls(bench, place))
            if bench.wants("micro", "populate"):
                tables.append(populate(bench, place))
            if bench.wants("micro", "populate shares"):
                tables.append(shares(bench, place))
        except RuntimeError as e:
            bench.note(f"micro: {e}")
    return [t for t in tables if t and t.rows]
