# SPDX-License-Identifier: GPL-2.0-or-later
"""
The machine and the working directories: what is there, what is missing, clean-up. Everything happens in a mount and a pid namespace of our own, and ends
with them.
"""

import ctypes
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile

libc = ctypes.CDLL(None, use_errno=True)
MNT_DETACH = 2
MS_REC, MS_SLAVE = 0x4000, 0x80000
CLONE_NEWNS, CLONE_NEWPID = 0x20000, 0x20000000
PR_SET_PDEATHSIG = 1
PEERS = ("crun", "runc", "fuse-overlayfs", "proot")
CACHE = os.environ.get("SANDLOCK_CACHE", "/var/cache/sandlock-oci")


def check(r, what):
    if r < 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def mount(source, target, fstype, data=""):
    """mount(2): what an engine does, without a process for it."""
    check(libc.mount(source.encode(), target.encode(), fstype.encode(), 0, data.encode()), f"mount {fstype} on {target}")


def umount(target, flags=0):
    check(libc.umount2(target.encode(), flags), f"umount {target}")


def run(*argv, **kw):
    """A helper command of the bench itself; its output matters only when it fails."""
    r = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kw)
    if r.returncode:
        raise RuntimeError(f"{' '.join(argv[:4])}…: {r.stdout.strip()[-600:]}")
    return r.stdout


SESSION = os.getpid()  # in the names of containers: inside of the namespace everybody is 1


SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def on_signal(what):
    """The first one counts: a program such as timeout(1) sends one to us and one to the whole group, and clean-up is not to be interrupted by it."""
    def handler(number, _frame):
        for other in SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        what(number)

    for number in SIGNALS:
        signal.signal(number, handler)


def stand_by(child):
    """What is left of us outside: hands on a signal, ends as the child does."""
    on_signal(lambda number: os.kill(child, number))
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    os._exit(code if code >= 0 else 128 - code)


def private_namespaces():
    """
    Processes and mounts end with us, however we end: we are the first process of a pid namespace, to which everything comes that a runtime or a file
    system leaves behind. crun refuses a host that mixes cgroup v1 and v2: it is shown pure v1.
    """
    check(libc.unshare(CLONE_NEWNS | CLONE_NEWPID), "make namespaces")
    check(libc.mount(b"none", b"/", None, MS_REC | MS_SLAVE, None), "keep mounts from the host")
    # before there is a child: a first process does not get signals from outside that it has no handler for
    on_signal(lambda number: sys.exit(128 + number))
    child = os.fork()
    if child:
        stand_by(child)
    check(libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL), "end with the process outside")
    mount("proc", "/proc", "proc")
    libc.umount2(b"/sys/fs/cgroup/unified", MNT_DETACH)


def end_everything(below):
    """The first process of a pid namespace ends all others in it, and then what is mounted below these directories."""
    if os.getpid() != 1:
        return
    try:
        os.kill(-1, signal.SIGKILL)
        while True:
            os.waitpid(-1, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as f:
        points = [line.split(" ")[4] for line in f]
    for point in reversed(points):
        if any(point == path or point.startswith(path + "/") for path in below):
            libc.umount2(os.fsencode(point), MNT_DETACH)


def version(program):
    """The first line that names a version, or None when the program is not there."""
    path = shutil.which(program)
    if not path:
        return None
    out = subprocess.run([path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    found = re.search(r"\d+\.\d+[^\s,)]*", out.stdout + out.stderr)
    return found.group(0) if found else "?"


def first_line(path, prefix=""):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            for line in f:
                if line.startswith(prefix):
                    return line[len(prefix):].strip(" \t:\n")
    except OSError:
        pass
    return ""


def filesystem(path):
    """Type of the file system, and whether an ext4 has no journal: that one searches long for an inode that was not used lately."""
    fstype = run("stat", "-f", "-c", "%T", path).strip()
    if not fstype.startswith("ext"):
        return fstype
    source = run("findmnt", "-n", "-o", "SOURCE", "-T", path).strip()
    name = os.path.basename(os.path.realpath(source))
    has_journal = os.path.isdir("/proc/fs/jbd2") and any(d.startswith(name + "-") for d in os.listdir("/proc/fs/jbd2"))
    return "ext4" if has_journal else "ext4 without a journal"


class Place:
    """One file system that runs are made on."""

    def __init__(self, name, path):
        self.name, self.path = name, path
        self.filesystem = filesystem(path)

    def dir(self, *names):
        return os.path.join(self.path, *names)


class Bench:
    def __init__(self, opts):
        self.opts = opts
        self.ours = os.environ.get("SANDLOCK_OCI") or os.path.join(os.environ.get("top_builddir", "."), "sandlock-oci")
        if not os.access(self.ours, os.X_OK):
            sys.exit(f"bench: no program {self.ours}: build it, or name it in SANDLOCK_OCI")
        self.ours = os.path.abspath(self.ours)
        self.builddir = os.path.dirname(self.ours)
        self.versions = {p: version(p) for p in PEERS}
        self.versions["sandlock-oci"] = version(self.ours)
        self.notes = []
        self.places = []
        self.dirs = []
        without = [p for p in opts.without.split(",") if p]
        for p in without:
            if p not in PEERS:
                sys.exit(f"bench: --without: `{p}` is not one of {', '.join(PEERS)}")
        for p in PEERS:
            if p in without:
                self.versions[p] = None
                self.note(f"{p} is left out, as asked")
            elif not self.versions[p]:
                self.note(f"{p} is not installed: left out")

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)
            print(f"bench: {text}", file=sys.stderr)

    @staticmethod
    def progress(text):
        print(f"bench: {text}", file=sys.stderr, flush=True)

    def __enter__(self):
        for name in self.opts.on.split(","):
            if name not in ("tmpfs", "disk"):
                sys.exit(f"bench: --on: `{name}` is neither tmpfs nor disk")
            try:
                self.places.append(self.make_place(name))
            except (OSError, RuntimeError) as e:
                self.__exit__()
                sys.exit(f"bench: cannot make a directory for the {name} runs: {e}")
        self.ours = self.as_packaged(self.ours)
        return self

    def as_packaged(self, program):
        """Without debugging information, as packages have it and as the peers are: create copies its own program into memory."""
        stripped = self.places[0].dir("sandlock-oci")
        if not shutil.which("strip"):
            self.note("strip is not installed: our program is larger than a package's")
            return program
        run("strip", "-o", stripped, program)
        return stripped

    def make_place(self, name):
        path = tempfile.mkdtemp(prefix=f"sandlock-bench-{name}.", dir=self.opts.disk if name == "disk" else None)
        self.dirs.append(path)
        if name == "tmpfs":
            mount("tmpfs", path, "tmpfs", "size=80%,nr_inodes=0")
        elif self.opts.disk_image:
            image, point = path + "/image", path + "/mnt"
            os.mkdir(point)
            run("truncate", "-s", "12G", image)
            run("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
            run("mount", "-o", "loop", image, point)
            path = point
        os.chmod(path, 0o755)
        place = Place(name, path)
        if "without a journal" in place.filesystem:
            self.note(f"{path} is ext4 without a journal: it searches for inodes that were not used lately, so that making and "
                      "removing many files in turn gets slow (--disk-image makes a usual one)")
        return place

    def __exit__(self, *_):
        end_everything(self.dirs)
        for path in self.dirs:
            shutil.rmtree(path, ignore_errors=True)

    def wants(self, part, row):
        """Is this row asked for by --only?"""
        only = self.opts.only
        return not only or any(o == part or o in row for o in only)

    def wants_part(self, part, rows):
        return any(self.wants(part, r) for r in rows)

    def runs(self, usual):
        if self.opts.runs:
            return self.opts.runs
        return max(3, usual // 4) if self.opts.quick else usual

    def image(self, name, place):
        """A copy of an image of the cache on the file system that is measured, made once; None when the cache has none."""
        source, copy = os.path.join(CACHE, name), place.dir("images", name)
        if os.path.isdir(copy):
            return copy
        if not os.path.exists(source + ".complete"):
            return None
        os.makedirs(place.dir("images"), exist_ok=True)
        run("cp", "-a", source, copy)
        return copy

    def helper(self):
        """tests/bench/bench-calls, built with `make bench-programs`."""
        path = os.path.join(self.builddir, "tests/bench/bench-calls")
        if not os.path.exists(path):
            raise RuntimeError(f"no program {path}: `make bench-programs` builds it")
        return path

    def describe(self):
        mem = int(first_line("/proc/meminfo", "MemTotal").split()[0]) / 1048576
        load = " ".join(f"{x:.1f}" for x in os.getloadavg())
        lines = [
            f"{first_line('/proc/cpuinfo', 'model name')}, {os.cpu_count()} CPUs, {mem:.0f} GiB; Linux {platform.release()}; load at the end {load}",
            ", ".join(f"{k} {v}" for k, v in self.versions.items() if v),
            "; ".join(f"{p.name}: {p.filesystem}" for p in self.places),
        ]
        return [line for line in lines if line]
