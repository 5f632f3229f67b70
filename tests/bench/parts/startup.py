# SPDX-License-Identifier: GPL-2.0-or-later
"""Start-up: create + start + wait + delete of /bin/true, by image size and number of containers at once; memory."""

import os
import shutil
import threading
import time

from . import host, peers
from .measure import Row, Table, interleave

ARGS = ["/bin/true"]
# (entries, containers at once, runs)
COW_ROWS = [(500, 1, 20), (500, 10, 6), (500, 100, 2), (7000, 1, 20), (7000, 10, 6), (7000, 100, 2), (100000, 1, 6), (100000, 10, 2)]
OFF_ROWS = [(1, 20), (10, 6), (100, 2)]
QUICK = {(500, 1), (500, 10), (7000, 1)}

COW = {"ours-eager": "eager", "ours-lazy": "lazy", "ours-spare": "spare root", "overlay": "crun + overlayfs",
       "fuse": "crun + fuse-overlayfs", "copy": "crun + full copy"}
OFF = {"ours-off": "sandlock-oci", "crun": "crun", "runc": "runc"}
MEMORY = {"ours-off": "sandlock-oci, off", "ours-cow": "sandlock-oci, eager", "ours-superv": "its supervisor, private", "crun": "crun", "runc": "runc"}


def off_name(n):
    return f"copy-on-write off, {n} at once"


def cow_name(entries, n):
    return f"{entries} entries, {n} at once"


def names():
    return [off_name(n) for n, _ in OFF_ROWS] + [cow_name(e, n) for e, n, _ in COW_ROWS] + ["peak memory"]


def make_tree(path, entries):
    """busybox, and a tree of the usual mixture: of ten entries one is a directory, one a symlink, the rest files of 2 KiB."""
    os.makedirs(path + "/bin")
    for d in ("dev", "etc", "proc", "sys", "tmp", "data"):
        os.mkdir(f"{path}/{d}")
    shutil.copy(shutil.which("busybox") or "/nonexistent", path + "/bin/busybox")
    os.symlink("busybox", path + "/bin/true")
    os.symlink("busybox", path + "/bin/sleep")
    os.symlink("busybox", path + "/bin/sh")
    body, made = os.urandom(1024).hex(), 12
    for i in range(max(0, (entries - made) // 10)):
        d = f"{path}/data/{i // 100}/{i}"
        os.makedirs(d)
        os.symlink("0", d + "/link")
        for j in range(8):
            with open(f"{d}/{j}", "w", encoding="ascii") as f:
                f.write(body)


def image(bench, place, entries):
    """The Debian root is the image of 7000 entries where there is one."""
    real = bench.image("debian", place) if entries == 7000 else None
    path = real or place.dir("images", f"tree-{entries}")
    if not os.path.isdir(path):
        bench.progress(f"{place.name}: making an image of {entries} entries")
        make_tree(path, entries)
    return path


def at_once(peer, n):
    """Milliseconds until n containers have come and gone."""
    errors = []

    def one(slot):
        try:
            peer.life(slot)
        except (OSError, RuntimeError) as e:
            errors.append(e)

    peer.before()
    threads = [threading.Thread(target=one, args=(i,)) for i in range(n)]
    t0 = time.perf_counter()
    if n == 1:
        one(0)
    else:
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    t1 = time.perf_counter()
    peers.reap()
    if errors:
        raise RuntimeError(str(errors[0]))
    return (t1 - t0) * 1000


def measure_row(bench, table, row, found, n, runs):
    bench.progress(f"{table.title}: {row.name}")
    for p in found.values():
        p.prepare(n)
    interleave(bench, row, {k: (lambda p=p: at_once(p, n)) for k, p in found.items()}, bench.runs(runs))
    for p in found.values():
        p.clean()
    table.rows.append(row)


def off_peers(bench, place, img):
    found = [peers.Plain(bench, place, img, "ours-off", ARGS, bench.ours, ["--cow=off"])]
    return found + [peers.Plain(bench, place, img, p, ARGS, p) for p in ("crun", "runc") if bench.versions[p]]


def cow_peers(bench, place, img, entries, n):
    found = [peers.Ours(bench, place, img, "ours-eager", ARGS, {"run.sandlock.cow.populate": "eager"}),
             peers.Ours(bench, place, img, "ours-lazy", ARGS, {"run.sandlock.cow.populate": "lazy"}),
             peers.Spare(bench, place, img, "ours-spare", ARGS)]
    if bench.versions["crun"]:
        found.append(peers.Overlay(bench, place, img, "overlay", ARGS, "crun"))
        if bench.versions["fuse-overlayfs"]:
            found.append(peers.FuseOverlay(bench, place, img, "fuse", ARGS, "crun"))
        if entries * n <= 100000:
            found.append(peers.Copy(bench, place, img, "copy", ARGS, "crun"))
    return found


def private_kib(pid):
    return sum(int(host.first_line(f"/proc/{pid}/smaps_rollup", k).split()[0]) for k in ("Private_Clean", "Private_Dirty"))


def our_supervisor():
    """Left to us when create ended."""
    with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as f:
        for pid in f.read().split():
            if host.first_line(f"/proc/{pid}/comm") == "sandlock-superv":
                return pid
    return None


def peak(bench, place, img, key, program, options, row):
    """Peak memory of create, and what the supervisor holds while its container waits."""
    p = peers.Plain(bench, place, img, key, ["/bin/sleep", "60"], program, options)
    p.prepare(1)
    rss = os.path.join(p.dir, "rss")
    p.runtime.create(p.bundles[0], "bench-memory", before=[bench.helper(), "rss", rss])
    try:
        p.runtime.start("bench-memory")
        row.samples.setdefault(key, []).append(int(host.first_line(rss)))
        time.sleep(0.2)
        superv = our_supervisor()
        if superv:
            row.samples.setdefault("ours-superv", []).append(private_kib(superv))
    finally:
        p.runtime.delete("bench-memory")
        p.clean()


def memory_table(bench, place):
    table = Table("Peak memory", "KiB", MEMORY, [], "Largest resident size of create. The supervisor: memory that nobody shares with it, "
                  "while its container sleeps.")
    row = Row("500 entries")
    img = image(bench, place, 500)
    for _ in range(3):
        peak(bench, place, img, "ours-off", bench.ours, ["--cow=off"], row)
        peak(bench, place, img, "ours-cow", bench.ours, ["--cow=on"], row)
        for p in ("crun", "runc"):
            if bench.versions[p]:
                peak(bench, place, img, p, p, [], row)
    table.rows.append(row)
    return table


def measure(bench):
    tables = []
    for place in bench.places:
        off = Table(f"Start-up without copy-on-write, {place.name}", "ms", OFF, [("ours-off", "crun"), ("ours-off", "runc")])
        for n, runs in OFF_ROWS:
            if bench.wants("startup", off_name(n)) and not (bench.opts.quick and n > 10):
                found = {p.key: p for p in off_peers(bench, place, image(bench, place, 500))}
                measure_row(bench, off, Row(off_name(n)), found, n, runs)
        cow = Table(f"Start-up with copy-on-write, {place.name}", "ms", COW,
                    [(o, p) for o in ("ours-eager", "ours-lazy", "ours-spare") for p in ("overlay", "fuse", "copy")],
                    "create + start + wait + delete of /bin/true, with mount, umount or copy where the peer needs it. Spare roots are made "
                    "between the runs; what has to be done in the background is not in the time of one container, but slows those that run at once.")
        for entries, n, runs in COW_ROWS:
            if bench.wants("startup", cow_name(entries, n)) and not (bench.opts.quick and (entries, n) not in QUICK):
                img = image(bench, place, entries)
                found = peers.usable(bench, "start-up", cow_peers(bench, place, img, entries, n))
                measure_row(bench, cow, Row(cow_name(entries, n)), found, n, runs)
        tables += [t for t in (off, cow) if t.rows]
    if bench.wants("startup", "peak memory"):
        tables.append(memory_table(bench, bench.places[0]))
    return tables
