# SPDX-License-Identifier: GPL-2.0-or-later
"""
podman on storage of sandlock-mount with sandlock-oci, beside overlayfs, fuse-overlayfs and vfs with crun: a container of an image, and builds without the
layer cache, which sandlock-build does as well. The settings are those of the tests (tests/podman/host.bash): a shell carries out all commands in a mount and pid namespace, whose first process
reaps conmon at once.

Beside the time of each command there is the CPU time, user and system, of all that ran for it, FUSE servers and supervisors too: the shell knows that of podman,
the namespace's first process that of what was left to it. It says what a machine with more to do would notice.
"""

import os
import shlex
import shutil
import subprocess
import time

from . import host
from .measure import Row, Table, interleave

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../..")
HOST = os.path.join(TOP, "tests/podman/host.bash")
VARIANTS = {"ours-podman": "sandlock-mount + sandlock-oci", "ours-build": "sandlock-build", "overlay": "overlayfs + crun", "fuse": "fuse-overlayfs + crun", "vfs": "vfs + crun"}
KINDS = {"ours-podman": "sandlock"}  # host.bash's word, where it is another one
RATIOS = [("ours-podman", p) for p in ("overlay", "fuse", "vfs")] + [("ours-build", "overlay")]
RUN, RUN_BIG = "podman run --rm, 400 entries", "podman run --rm, 7000 entries"
SMALL, SINGLE, TOOLCHAIN = "podman build, 10 small steps", "podman build, 10 small steps, one layer", "podman build, apt-get and make"
WRITTEN = "the same, and the image written as an OCI layout"
DISK = "podman storage after the runs"
# (row, image, runs, warm-up): the last one takes minutes, most of them inside of its containers
ROWS = [(RUN, "busybox", 20, True), (RUN_BIG, "debian", 20, True), (SMALL, "busybox", 5, True), (SINGLE, "busybox", 5, True), (TOOLCHAIN, "debian", 2, False)]
QUICK_RUNS = {SMALL: 1, SINGLE: 1, TOOLCHAIN: 1}
TICK = os.sysconf("SC_CLK_TCK")

SMALL_STEPS = "".join(f"RUN mkdir /step{n} && for i in $(seq 50); do echo {n} >/step{n}/$i; done && echo {n} >>/etc/motd\n" for n in range(1, 11))
# ten steps: each makes a layer
TOOLCHAIN_STEPS = """RUN useradd -m builder
COPY debs /debs
RUN apt-get -q -y --no-install-recommends install /debs/*.deb
RUN rm -rf /debs /var/log/*.log /var/log/apt
COPY src /src
WORKDIR /src
RUN make -s -j2 generic
RUN cp src/lua src/luac /usr/local/bin/ && make -s clean
COPY --chown=builder:builder script.lua /home/builder/
USER builder
RUN lua /home/builder/script.lua >/home/builder/result
CMD ["lua", "/home/builder/script.lua"]
"""


def names():
    return [row[0] for row in ROWS] + [WRITTEN, DISK]


class Podman:
    """A shell that has loaded host.bash; commands go in by lines, statuses come out."""

    def __init__(self, bench, place):
        self.base = place.dir("podman")
        os.makedirs(self.base + "/bin")
        for program in ("sandlock-oci", "sandlock-mount"):
            shutil.copy(os.path.join(bench.builddir, program), self.base + "/bin")
        self.archives = place.dir("archives")
        self.builder = ["in_namespaces", "env", "-C", "/", "TMPDIR=" + place.dir(), "python3", "-B", os.path.join(TOP, "contrib/sandlock_build"), "-q",
                        "--runtime", self.base + "/bin/sandlock-oci", "--cache-dir", place.dir("sandlock-build")]
        env = dict(os.environ, PODMAN_BASE=self.base, SANDLOCK_OCI=self.base + "/bin/sandlock-oci", SANDLOCK_MOUNT=self.base + "/bin/sandlock-mount")
        script = ('. "$1"; podman_host && echo 0 || exit; out=$PODMAN_BASE/out; '
                  'while IFS= read -r line; do eval "$line" >"$out" 2>&1 </dev/null; echo $?; done; '
                  'for kind in sandlock overlay fuse vfs; do podman_stop $kind ""; done')
        self.env = env
        self.shell = subprocess.Popen(["bash", "-c", script, "bash", HOST], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer("make the namespaces")
        with open(self.base + "/ns/shell.pid", encoding="ascii") as f:
            self.waiting = (self.shell.pid, int(f.read()))

    def answer(self, what):
        status = self.shell.stdout.readline().strip()
        if status != "0":
            try:
                with open(self.base + "/out", encoding="utf-8", errors="replace") as f:
                    said = f.read().strip()[-400:]
            except OSError:
                said = ""
            raise RuntimeError(f"{what}: status {status or 'none: the shell has died'}: {said}")

    def timed(self, what, *argv):
        """Milliseconds of a command of host.bash."""
        t0 = time.perf_counter()
        self.shell.stdin.write(shlex.join(argv) + "\n")
        self.shell.stdin.flush()
        self.answer(what)
        return (time.perf_counter() - t0) * 1000

    def do(self, variant, *argv):
        """podman's settings of the variant."""
        return self.timed(" ".join(argv[:3]), "in_podman", KINDS.get(variant, variant), "", *argv)

    def build(self, *argv):
        """sandlock-build, with the images that were imported as its bases."""
        bases = [f"--base=localhost/{name}=oci-archive:{self.archives}/{name}" for name in os.listdir(self.archives)]
        return self.timed("sandlock-build", *self.builder, *bases, *argv)

    def cpu(self):
        """Milliseconds of all that has ended so far."""
        ticks = 0
        for pid in self.waiting:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                ticks += sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[13:15])
        return ticks * 1000 / TICK

    def graph(self, variant):
        return os.path.join(self.base, KINDS.get(variant, variant), "graph")

    def close(self, at_once):
        """at_once: a command may be running that nobody waits for any more."""
        if at_once:
            self.shell.kill()
        self.shell.stdin.close()
        self.shell.wait()
        host.run("bash", "-c", '. "$1"; podman_gone', "bash", HOST, env=self.env)


def variants(bench):
    """Those that can be had here."""
    if not host.version("podman"):
        bench.note("podman is not installed: its rows are left out")
        return []
    found = ["ours-podman"]
    if bench.versions["crun"]:
        found += ["overlay", "vfs"]
        if bench.versions["fuse-overlayfs"]:
            found.append("fuse")
    return found


def has_builder():
    return bool(shutil.which("skopeo"))


def make_context(place, row):
    path = place.dir("contexts", row.replace(" ", "-").replace(",", ""))
    if os.path.isdir(path):
        return path
    os.makedirs(path)
    steps = SMALL_STEPS
    if row == TOOLCHAIN:
        steps = TOOLCHAIN_STEPS
        for part in ("debs", "src"):
            shutil.copytree(os.path.join(host.CACHE, "toolchain", part), os.path.join(path, part), symlinks=True)
        with open(path + "/script.lua", "w", encoding="ascii") as f:
            f.write("local n = 0; for i = 1, 1000000 do n = n + i end; print(n)\n")
    with open(path + "/Containerfile", "w", encoding="ascii") as f:
        f.write(f"FROM localhost/{'debian' if row == TOOLCHAIN else 'busybox'}\n{steps}")
    return path


def of_podman(bench, podman, argv_of):
    """argv_of(variant): podman's arguments."""
    return {v: (lambda v=v: podman.do(v, "podman", *argv_of(v))) for v in variants(bench)}


def functions(bench, place, podman, row, image):
    """{variant: what is timed}"""
    if row in (RUN, RUN_BIG):
        return of_podman(bench, podman, lambda _: ["run", "--rm", "--network=none", "localhost/" + image, "true"])
    context = make_context(place, row)
    argv = ["build", "-q", "--isolation=oci", "--network=host", "--no-cache", "-t", "localhost/built"]
    argv += ["--layers=false"] * (row == SINGLE) + [context]
    found = of_podman(bench, podman, lambda _: argv)
    if row != SINGLE and has_builder():
        make_base(place, podman, image)
        # podman's storage does not compress either
        found["ours-build"] = lambda: podman.build("--no-cache", "--disable-compression", "-o", f"oci:{place.dir('plain')}:built", context)
    return found


def writers(bench, place, podman):
    """The image of the big build, compressed, as an OCI layout: what podman does after its build, and sandlock-build meanwhile."""
    found = of_podman(bench, podman, lambda v: ["push", "-q", "localhost/built", f"oci:{place.dir(v)}.layout:built"])
    if has_builder():
        found["ours-build"] = lambda: podman.build("--no-cache", "-o", f"oci:{place.dir('build')}.layout:built", make_context(place, TOOLCHAIN))
    return found


def with_cpu(podman, functions, samples):
    """The same functions; what they cost is noted as well."""
    def measured(variant, function):
        before = podman.cpu()
        ms = function()
        # what conmon starts when a container has ended goes on for a moment
        time.sleep(0.2)
        samples.setdefault(variant, []).append(podman.cpu() - before)
        return ms

    return {v: (lambda v=v, f=f: measured(v, f)) for v, f in functions.items()}


def import_image(bench, place, podman, image):
    root = bench.image(image, place)
    if not root:
        return False
    tar = place.dir(image + ".tar")
    host.run("tar", "-C", root, "--numeric-owner", "-cf", tar, ".")
    for v in variants(bench):
        podman.do(v, "podman", "import", tar, "localhost/" + image)
    os.unlink(tar)
    return True


def make_base(place, podman, image):
    """The image for sandlock-build, and unpacked in its cache, as podman has it in its storage before anything is timed."""
    archive, context = os.path.join(podman.archives, image), place.dir("contexts", "only-" + image)
    if os.path.exists(archive):
        return
    os.makedirs(podman.archives, exist_ok=True)
    os.makedirs(context)
    with open(context + "/Containerfile", "w", encoding="ascii") as f:
        f.write(f"FROM localhost/{image}\n")
    podman.do("ours-podman", "podman", "save", "-q", "--format", "oci-archive", "-o", archive, "localhost/" + image)
    podman.build("-o", f"oci:{place.dir('plain')}:base", context)


def measure_functions(bench, tables, podman, name, functions, runs, warm_up=False):
    rows = {t: Row(name) for t in ("time", "cpu")}
    costs = rows["cpu"].samples
    bench.progress(f"{tables['time'].title}: {name}")
    interleave(bench, rows["time"], with_cpu(podman, functions, costs), runs, warm_up)
    for variant in costs if warm_up else ():
        costs[variant].pop(0)
    for t, row in rows.items():
        tables[t].rows.append(row)
    return rows


def measure_row(bench, tables, podman, place, spec):
    name, image, runs, warm_up = spec
    runs = QUICK_RUNS.get(name, bench.runs(runs)) if bench.opts.quick and not bench.opts.runs else bench.runs(runs)
    built = measure_functions(bench, tables, podman, name, functions(bench, place, podman, name, image), runs, warm_up)
    if name != TOOLCHAIN:
        return
    written = measure_functions(bench, tables, podman, WRITTEN, writers(bench, place, podman), runs)
    for t, row in written.items():
        for v in variants(bench):
            row.samples[v] = [a + b for a, b in zip(built[t].samples.get(v, ()), row.samples.get(v, ()))]


def disk_row(bench, podman):
    row = Row("images and builds")
    for v in variants(bench):
        row.samples[v] = [float(host.run("du", "-sk", podman.graph(v)).split()[0]) / 1024]
    return row


def measure_place(bench, place, specs):
    tables = {
        "time": Table(f"podman, {place.name}", "ms", VARIANTS, RATIOS, "As root. Builds run without a cache of layers; the packages of apt-get are in the context."),
        "cpu": Table(f"CPU time of podman and all that it starts, {place.name}", "ms", VARIANTS, RATIOS, "User and system."),
        "disk": Table(f"Disk use of podman's storage, {place.name}", "MiB", VARIANTS, RATIOS, "Images, and what the builds have left. Files with several names count once."),
    }
    podman = Podman(bench, place)
    done = False
    try:
        there = {image: import_image(bench, place, podman, image) for image in sorted({spec[1] for spec in specs})}
        for spec in specs:
            if not there[spec[1]] or (spec[0] == TOOLCHAIN and not os.path.exists(os.path.join(host.CACHE, "toolchain.complete"))):
                bench.note(f"{spec[0]}: the cache {host.CACHE} lacks what it needs: ./quickstart demo, tests/bench/make-image and tests/bench/make-toolchain make it")
                continue
            measure_row(bench, tables, podman, place, spec)
        if tables["time"].rows:
            tables["disk"].rows.append(disk_row(bench, podman))
        done = True
    finally:
        podman.close(not done)
    return [t for t in tables.values() if t.rows]


def measure(bench):
    rows = [r for r in ROWS if bench.wants("podman", r[0]) or (r[0] == TOOLCHAIN and bench.wants("podman", WRITTEN))]
    rows = rows or (ROWS if bench.wants("podman", DISK) else [])
    if not rows or not variants(bench):
        return []
    return [t for place in bench.places for t in measure_place(bench, place, rows)]
