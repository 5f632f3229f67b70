# SPDX-License-Identifier: GPL-2.0-or-later
"""
Instructions in user space, counted by callgrind: what we cost besides the kernel. The same from run to run, on a busy machine too, so one run is enough and a
change of a per cent is one. No peers: crun executes itself anew from a memory file, which valgrind cannot, and runc is written in Go. No commands that make processes:
valgrind cannot follow those into namespaces.
"""

import os
import re
import shutil
import subprocess

from . import host, peers, startup
from .measure import Row, Table

# name: arguments; {id} is a container that is created and not started
COMMANDS = {
    "--version": ["--version"],
    "spec": ["spec"],
    "features": ["features"],
    "list": ["list"],
    "state": ["state", "{id}"],
    "ps": ["ps", "{id}"],
}
POPULATE = "populate and remove, an entry"
ENTRIES = 7000
VARIANTS = {"ours": "sandlock-oci"}


def names():
    return [*COMMANDS, POPULATE]


def count(argv, cwd):
    """Thousands of instructions."""
    r = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", *argv], cwd=cwd, stdin=subprocess.DEVNULL,
                       capture_output=True, text=True)
    found = re.search(r"Collected : (\d+)", r.stderr)
    if r.returncode != 0 or not found:
        lines = [line for line in r.stderr.splitlines() if not line.startswith("==")]
        raise RuntimeError(f"{' '.join(argv[1:])} under callgrind: status {r.returncode}: {' '.join(lines[-1:])}")
    return int(found.group(1)) / 1000


def commands(bench, place, rows):
    image = startup.image(bench, place, 500)
    peer = peers.Plain(bench, place, image, "counted", ["/bin/true"], bench.ours)
    state = os.path.join(peer.dir, "state")
    cwd = place.dir("instructions")
    peer.prepare(1)
    peer.runtime.create(peer.bundles[0], "counted")
    try:
        for row in rows:
            shutil.rmtree(cwd, ignore_errors=True)
            os.makedirs(cwd)
            args = [a.format(id="counted") for a in COMMANDS[row.name]]
            row.samples["ours"] = [count([bench.ours, "--root", state, *args], cwd)]
    finally:
        peer.runtime.delete("counted")
        peer.clean()


def populate(bench, place, row):
    program = os.path.join(bench.builddir, "tests/bench/populate-bench")
    if not os.path.exists(program):
        raise RuntimeError(f"no program {program}: `make bench-programs` builds it")
    image = startup.image(bench, place, ENTRIES)
    entries = int(host.run("sh", "-c", 'find "$0" | wc -l', image))
    row.samples["ours"] = [count([program, image, place.dir("store"), "auto", "1"], place.dir()) / entries]


def measure(bench):
    if not shutil.which("valgrind"):
        bench.note("valgrind is not installed: instructions are not counted")
        return []
    place = bench.places[0]
    table = Table("Instructions in user space", "thousands", VARIANTS, [], "Counted by callgrind, the dynamic loader included.")
    table.rows = [Row(n) for n in names() if bench.wants("instructions", n)]
    try:
        commands(bench, place, [r for r in table.rows if r.name in COMMANDS])
        for row in table.rows:
            if row.name == POPULATE:
                populate(bench, place, row)
    except RuntimeError as e:
        bench.note(f"instructions: {e}")
    return [table]
