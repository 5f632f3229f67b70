# SPDX-License-Identifier: GPL-2.0-or-later
"""sandlock-build(1): builds an image from a Containerfile with skopeo and sandlock-oci.

Every step is a directory and a layer in the cache: the directory is an upper directory of overlayfs (sandlock-oci commit --upper), so that
the root of a step is the stack of the directories below it, which sandlock-oci shows copy-on-write. What needs the ids of the image
(unpacking, COPY, removal) is this program again, as root of a container of sandlock-oci that has the host's root read-only: it
needs no user namespace of its own.
"""
import argparse
import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from datetime import datetime, timezone

from build import Build
from containerfile import parse_containerfile
from errors import BuildError, fail
from images import Layout, skopeo
from layers import OPS
from packer import Packer
from steps import STEPS


def parse_arguments():
    p = argparse.ArgumentParser(prog="sandlock-build", description="Builds an image from a Containerfile with skopeo and sandlock-oci.")
    p.add_argument("context", nargs="?", default=".", help="directory for COPY and ADD (default: .)")
    p.add_argument("-f", "--file", help="default: Containerfile or Dockerfile in the context; - is stdin")
    p.add_argument("-o", "--output", default="", metavar="oci:DIR:TAG", help="also oci-archive:FILE:TAG, docker-archive:FILE:NAME")
    p.add_argument("--base", action="append", default=[], metavar="NAME=SOURCE", help="what FROM NAME means, e.g. oci:DIR:TAG")
    p.add_argument("--build-arg", action="append", default=[], metavar="NAME=VALUE", help="a value for ARG")
    p.add_argument("--target", default="", help="stop after this stage")
    p.add_argument("--cache-dir", metavar="DIR", help="default: $XDG_CACHE_HOME/sandlock-build")
    p.add_argument("--no-cache", dest="cache", action="store_false", help="make every layer anew")
    p.add_argument("--disable-compression", dest="compress", action="store_false", help="leave the layers as they are")
    p.add_argument("--clear-cache", action="store_true", help="remove everything from the cache, and build nothing")
    p.add_argument("--runtime", default=os.environ.get("SANDLOCK_OCI", "sandlock-oci"), metavar="PROGRAM")
    p.add_argument("-q", "--quiet", action="store_true")
    o = p.parse_args()
    for name in ("base", "build_arg"):
        given = {}
        for word in getattr(o, name):
            key, equals, value = word.partition("=")
            if not equals:
                value = os.environ.get(key)
                if name == "base" or value is None:
                    fail(f"--{name.replace('_', '-')} {word}: not NAME=VALUE")
            given[key] = value
        setattr(o, name, given)
    for program in ("skopeo", o.runtime):
        if not shutil.which(program):
            fail(f"{program} is not installed")
    if not o.clear_cache and not re.match(r"(oci|oci-archive|docker-archive|dir):", o.output):
        fail("say where the image goes: --output oci:DIR:TAG, oci-archive:FILE:TAG, docker-archive:FILE:NAME or dir:DIR")
    return o


def read_containerfile(options):
    """Its name, for messages, and its text."""
    if options.file == "-":
        return "stdin", sys.stdin.read()
    names = [options.file] if options.file else [os.path.join(options.context, n) for n in ("Containerfile", "Dockerfile")]
    for name in names:
        if os.path.exists(name):
            with open(name, encoding="utf-8") as f:
                return name, f.read()
    fail(f"there is no {' and no '.join(names)}")


def helper_main():
    op, args = json.load(sys.stdin)
    print(json.dumps(OPS[op](**args)))


@contextlib.contextmanager
def lock_cache(path, alone):
    """Builds share the cache; who removes entries that others may be using waits for them."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(fd)


def build_main():
    options = parse_arguments()
    cache = options.cache_dir or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "sandlock-build")
    options.cache_dir = cache
    os.makedirs(cache, 0o755, exist_ok=True)
    if not os.path.isdir(options.context):
        fail(f"{options.context} is not a directory")
    # docker's archives hold layers as they are
    packer = Packer(options.compress and not options.output.startswith("docker-archive:"))
    with lock_cache(cache, options.clear_cache or not options.cache), tempfile.TemporaryDirectory(prefix="sandlock-build.") as work, packer:
        build = Build(options, work, packer)
        if options.clear_cache:
            build.cache.clear()
            return
        stage = build.run(parse_containerfile(*read_containerfile(options), {*STEPS, "FROM"}))
        stage.config["created"] = datetime.fromtimestamp(build.time, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        layout = Layout(os.path.join(work, "out"))
        stage.write(layout, "out")
        plain = [] if options.compress else ["--dest-oci-accept-uncompressed-layers"]
        skopeo(*plain, f"oci:{layout.path}:out", options.output)


def main():
    sys.stdin.reconfigure(errors="surrogateescape")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what has been begun is cleared away
    try:
        helper_main() if sys.argv[1:] == ["--helper"] else build_main()
    except BuildError as e:
        sys.exit(f"sandlock-build: {e}")
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as e:
        sys.exit(f"sandlock-build: {e}")


if __name__ == "__main__":
    main()
