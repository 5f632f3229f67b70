# SPDX-License-Identifier: GPL-2.0-or-later
"""sandlock-oci: the containers of a build."""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import uuid

from errors import fail
from layers import OPS


CAPS = ["CAP_" + c for c in ("CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID "
                             "SYS_CHROOT").split()]
HELPER_CAPS = ["CAP_" + c for c in "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID MKNOD SETFCAP SETGID SETUID".split()]
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class Runtime:
    """Containers of one build, in a state directory of its own."""

    def __init__(self, program, work, stores):
        """stores: the directory for the stores of containers, on the file system of their images, since files are shared by hard links."""
        self.program, self.work, self.stores, self.count = program, work, stores, 0
        self.state = os.path.join(work, "state")
        os.mkdir(self.state, 0o700)
        self.rootless = os.geteuid() != 0

    def oci(self, *argv, **kwargs):
        return subprocess.run([self.program, "--root", self.state, *argv], check=False, stdin=subprocess.DEVNULL, **kwargs)

    def must(self, *argv):
        result = self.oci(*argv, stderr=subprocess.PIPE, text=True)
        if result.returncode:
            fail(result.stderr.strip() or f"{self.program} {argv[0]} failed")

    def bundle(self, change):
        """A directory with config.json: the one that `spec` makes, changed."""
        self.count += 1
        path = os.path.join(self.work, f"bundle{self.count}")
        os.mkdir(path, 0o755)
        self.must("spec", "--bundle", path, *(["--rootless"] if self.rootless else []))
        with open(os.path.join(path, "config.json"), encoding="utf-8") as f:
            config = json.load(f)
        config["process"]["terminal"] = False
        config["process"]["noNewPrivileges"] = False
        # the runtime maps what it can: subordinate ids, or one id
        config["linux"].pop("uidMappings", None), config["linux"].pop("gidMappings", None)
        config["linux"]["namespaces"] = [n for n in config["linux"]["namespaces"] if n["type"] != "network"]
        change(config)
        with open(os.path.join(path, "config.json"), "w", encoding="utf-8") as f:
            json.dump(config, f)
        return path

    @contextlib.contextmanager
    def container(self, change):
        """The bundle and the name of a container: neither stays, however it ends."""
        bundle, name = self.bundle(change), f"step{self.count}"
        try:
            yield bundle, name
        finally:
            if os.path.isdir(os.path.join(self.state, name)):
                self.must("delete", "--force", "--discard", name)
            shutil.rmtree(bundle)

    def helper(self, op, writable, **args):
        """An operation with the ids of the image: in a container that sees the host's root, and may write to the directories named."""
        if not self.rootless:
            return OPS[op](**args)

        def change(config):
            config["root"] = {"path": "/", "readonly": True}
            config["process"]["args"] = [sys.executable, "-B", os.path.dirname(os.path.realpath(__file__)), "--helper"]
            config["process"]["cwd"] = "/"
            config["process"]["env"] = ["PATH=" + PATH, "LC_ALL=C.UTF-8"]
            config["process"]["capabilities"] = {k: HELPER_CAPS for k in ("bounding", "effective", "permitted")}
            config["mounts"] = [m for m in config["mounts"] if m["destination"] in ("/proc", "/dev")]
            config["mounts"] += [{"destination": d, "source": d, "type": "none", "options": ["rbind", "rw"]} for d in writable]
            for key in ("maskedPaths", "readonlyPaths"):
                config["linux"].pop(key, None)

        with self.container(change) as (bundle, name):
            result = subprocess.run([self.program, "--root", self.state, "run", "--cow=off", "--bundle", bundle, name],
                                    input=json.dumps([op, args]), capture_output=True, text=True, check=False, errors="surrogateescape")
        if result.returncode:
            fail(result.stderr.strip().removeprefix("sandlock-build: ") or f"{op} failed ({result.returncode})")
        return json.loads(result.stdout or "null")

    def run(self, lowers, change, layer, upper):
        """A program on the stack of directories; its changes as layer and upper directory. Returns its status."""
        def add(config):
            config["root"] = {"path": lowers[0], "readonly": False}
            config.setdefault("annotations", {})["run.sandlock.cow.lower"] = ":".join(lowers[1:])
            if len(lowers) == 1:
                del config["annotations"]["run.sandlock.cow.lower"]
            change(config)

        # not beside `upper`: that directory is renamed, and the store is removed in its own time
        store = os.path.join(self.stores, f"store.{uuid.uuid4()}")
        with self.container(add) as (bundle, name):
            status = self.oci("run", "--cow", "--keep", "--cow-dir", store, "--bundle", bundle, name).returncode
            if status == 0:
                self.must("export", "-o", layer, name)
                self.must("commit", "--upper", upper, name)
        return status
