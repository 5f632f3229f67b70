# SPDX-License-Identifier: GPL-2.0-or-later
"""
The runtimes and file systems that are compared. A peer makes a root (prepare), brings one container through its life on it, and takes the
root away (clean). What an engine would have to do for each container (mounts, copies, umounts) is part of the life, and timed.
"""

import itertools
import json
import os
import shutil
import subprocess
import time

from . import host

DEVNULL = os.open("/dev/null", os.O_RDWR | os.O_CLOEXEC)
CAPS = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_MKNOD", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
        "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT"]
numbers = itertools.count()


def spawn(argv, stdout=DEVNULL, quiet=False):
    """As cheap as starting a program can be, so that what is measured is the program."""
    actions = [(os.POSIX_SPAWN_DUP2, DEVNULL, 0), (os.POSIX_SPAWN_DUP2, stdout, 1)]
    if quiet:
        actions.append((os.POSIX_SPAWN_DUP2, DEVNULL, 2))
    return os.posix_spawnp(argv[0], argv, os.environ, file_actions=actions)


def call(argv, stdout=DEVNULL, quiet=False):
    _, status = os.waitpid(spawn(argv, stdout, quiet), 0)
    if status:
        raise RuntimeError(f"{' '.join(argv[:1] + argv[3:4])} failed (status {os.waitstatus_to_exitcode(status)})")


class Runtime:
    """create, start, wait, delete of one bundle: the calls of an engine."""

    def __init__(self, program, state, create_options=()):
        self.program, self.state, self.create_options = program, state, list(create_options)
        os.makedirs(state, exist_ok=True)

    def create(self, bundle, cid, stdout=DEVNULL, before=()):
        """The pid of the container. before: a program that runs create, and its arguments."""
        pid_file = os.path.join(self.state, cid + ".pid")
        call([*before, self.program, "--root", self.state, "create", "--bundle", bundle, "--pid-file", pid_file, *self.create_options, cid], stdout)
        with open(pid_file, encoding="ascii") as f:
            return int(f.read())

    def start(self, cid):
        call([self.program, "--root", self.state, "start", cid])

    def delete(self, cid):
        call([self.program, "--root", self.state, "delete", "--force", cid])

    def life(self, bundle, cid, stdout=DEVNULL):
        pid = self.create(bundle, cid, stdout)
        try:
            self.start(cid)
            os.waitpid(pid, 0)
        finally:
            self.delete(cid)


def reap():
    """Supervisors and others that were left to us."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


class Peer:
    """key: its name in tables; image: a directory; place: where its files go."""

    def __init__(self, bench, place, image, key, args, annotations=None):
        self.bench, self.place, self.image, self.key, self.args = bench, place, image, key, args
        self.annotations = annotations or {}
        self.dir = place.dir("peers", f"{key}-{next(numbers)}")
        os.makedirs(self.dir)

    def bundle(self, name, root):
        """The same config.json for everybody. crun 1.8 knows no version above 1.0."""
        path = os.path.join(self.dir, name)
        os.makedirs(path, exist_ok=True)
        file = os.path.join(path, "config.json")
        if not os.path.exists(file):
            host.run(self.bench.ours, "spec", "--bundle", path)
        with open(file, encoding="utf-8") as f:
            config = json.load(f)
        config["ociVersion"] = "1.0.2"
        config["root"] = {"path": root, "readonly": False}
        config["annotations"] = self.annotations
        config["process"].update(terminal=False, args=self.args, cwd="/",
                                 env=["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"],
                                 capabilities={k: CAPS for k in ("bounding", "effective", "permitted")})
        config["process"].pop("rlimits", None)
        config["linux"].pop("seccomp", None)
        with open(file, "w", encoding="utf-8") as f:
            json.dump(config, f)
        return path

    def prepare(self, slots):
        """Bundles for so many containers at once. Not timed."""

    def before(self):
        """Ahead of each timed run. Not timed."""

    def life(self, slot, stdout=DEVNULL):
        raise NotImplementedError

    def clean(self):
        reap()
        shutil.rmtree(self.dir, ignore_errors=True)


class Plain(Peer):
    """A runtime on a directory in place: no copy-on-write."""

    def __init__(self, bench, place, image, key, args, program, options=()):
        super().__init__(bench, place, image, key, args)
        self.runtime = Runtime(program, os.path.join(self.dir, "state"), options)
        self.bundles = []

    def root(self, _slot):
        return self.image

    def prepare(self, slots):
        self.bundles = [self.bundle(f"b{i}", self.root(i)) for i in range(slots)]

    def life(self, slot, stdout=DEVNULL):
        self.runtime.life(self.bundles[slot], f"bench-{host.SESSION}-{self.key}-{slot}", stdout)


class Ours(Plain):
    """Copy-on-write on."""

    def __init__(self, bench, place, image, key, args, annotations=None):
        super().__init__(bench, place, image, key, args, bench.ours, ["--cow=on"])
        self.annotations = annotations or {}

    def refusal(self):
        """Why this mode is not to be had, or None. Known before anything is run."""
        self.prepare(1)
        r = subprocess.run([self.bench.ours, "create", "--bundle", self.bundles[0], "--cow=on", "--dump-plan", "x"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return None if r.returncode == 0 else r.stderr.strip().splitlines()[-1]


class Spare(Ours):
    """Live roots made ahead by `prepare`; the pool is full again before each timed run."""

    def refusal(self):
        r = subprocess.run([self.bench.ours, "prepare", "--help"], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return super().refusal() if r.returncode == 0 else "no command `prepare`"

    def before(self):
        host.run(self.bench.ours, "prepare", "--spare", str(len(self.bundles)), "--bundle", self.bundles[0])

    def clean(self):
        if self.bundles:
            subprocess.run([self.bench.ours, "prepare", "--spare", "0", "--bundle", self.bundles[0]], stdin=subprocess.DEVNULL,
                           capture_output=True)
        super().clean()


class Overlay(Plain):
    """crun on a mount of overlayfs of its own, as podman and containerd do it."""

    def root(self, slot):
        return os.path.join(self.dir, f"o{slot}", "merged")

    def prepare(self, slots):
        super().prepare(slots)
        for i in range(slots):
            os.makedirs(self.root(i), exist_ok=True)

    def options(self, base):
        return f"lowerdir={self.image},upperdir={base}/upper,workdir={base}/work"

    def mount(self, base):
        host.mount("overlay", base + "/merged", "overlay", self.options(base))

    def unmount(self, base):
        host.umount(base + "/merged")

    def life(self, slot, stdout=DEVNULL):
        base = os.path.join(self.dir, f"o{slot}")
        os.mkdir(base + "/upper", 0o755)
        os.mkdir(base + "/work", 0o700)
        self.mount(base)
        try:
            super().life(slot, stdout)
        finally:
            self.unmount(base)
            shutil.rmtree(base + "/upper")
            shutil.rmtree(base + "/work")


class FuseOverlay(Overlay):
    def mount(self, base):
        call(["fuse-overlayfs", "-o", self.options(base), base + "/merged"], quiet=True)

    def unmount(self, base):
        for _ in range(100):
            try:
                return super().unmount(base)
            except OSError:
                time.sleep(0.01)
        return super().unmount(base)


class Copy(Plain):
    """A full copy for each container, removed after it."""

    def root(self, slot):
        return os.path.join(self.dir, f"copy{slot}")

    def life(self, slot, stdout=DEVNULL):
        call(["cp", "-a", self.image, self.root(slot)])
        try:
            super().life(slot, stdout)
        finally:
            call(["rm", "-rf", self.root(slot)])


class Proot(Peer):
    """No copy-on-write of its own: on a copy, which is not timed by those who use it."""

    def prepare(self, slots):
        self.copy = os.path.join(self.dir, "root")

    def life(self, slot, stdout=DEVNULL):
        call(["cp", "-a", self.image, self.copy])
        try:
            call(["proot", "-0", "-r", self.copy, "-b", "/proc", "-b", "/dev", "-w", "/", "/usr/bin/env", "-i",
                  "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *self.args], stdout)
        finally:
            call(["rm", "-rf", self.copy])


def usable(bench, part, peers):
    """Those that can be measured here, prepared for nobody yet; the others are noted."""
    found = {}
    for p in peers:
        why = p.refusal() if isinstance(p, Ours) else None
        if why:
            bench.note(f"{part}: {p.key} is left out: {why}")
            p.clean()
        else:
            found[p.key] = p
    return found
