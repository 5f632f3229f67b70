# SPDX-License-Identifier: GPL-2.0-or-later
"""Images: the OCI layout that is written, skopeo for everything else, and the cache of layers."""
import contextlib
import hashlib
import json
import os
import shutil
import subprocess

from errors import fail
from trees import sha256

CACHE_VERSION = "2"


def call(argv, **kwargs):
    result = subprocess.run(argv, check=False, stdin=subprocess.DEVNULL, **kwargs)
    if result.returncode:
        fail(f"{argv[0]} {argv[1]} failed ({result.returncode})")
    return result


def skopeo_inspect(*argv):
    return call(["skopeo", "inspect", *argv], stdout=subprocess.PIPE, text=True).stdout


def skopeo(*argv):
    policy = [os.path.expanduser("~/.config/containers/policy.json"), "/etc/containers/policy.json"]
    accept = [] if any(os.path.exists(p) for p in policy) else ["--insecure-policy"]
    call(["skopeo", *accept, "copy", "--quiet", *argv])


class Layout:
    """An OCI image layout that we write ourselves: blobs by digest, one manifest per tag."""

    def __init__(self, path):
        self.path = path
        os.makedirs(os.path.join(path, "blobs", "sha256"), exist_ok=True)
        with open(os.path.join(path, "oci-layout"), "w", encoding="utf-8") as f:
            f.write('{"imageLayoutVersion": "1.0.0"}')

    def blob(self, digest):
        return os.path.join(self.path, "blobs", *digest.split(":", 1))

    def load(self, digest):
        with open(self.blob(digest), encoding="utf-8") as f:
            return json.load(f)

    def image(self):
        """Manifest and configuration of the only image."""
        with open(os.path.join(self.path, "index.json"), encoding="utf-8") as f:
            manifest = self.load(json.load(f)["manifests"][0]["digest"])
        return manifest, self.load(manifest["config"]["digest"])

    def add_file(self, f):
        f.seek(0)
        digest = "sha256:" + sha256(f)
        size = f.tell()
        if not os.path.exists(self.blob(digest)):
            try:
                os.link(f.name, self.blob(digest))
            except OSError:  # another file system; or another build has just compressed it
                f.seek(0)
                with open(self.blob(digest), "wb") as dst:
                    shutil.copyfileobj(f, dst, 1 << 20)
        return digest, size

    def add_json(self, value):
        data = json.dumps(value, sort_keys=True).encode()
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        with open(self.blob(digest), "wb") as f:
            f.write(data)
        return digest, len(data)

    def finish(self, config, layers, tag):
        digest, size = self.add_json(config)
        kind = "application/vnd.oci.image."
        manifest = {"schemaVersion": 2, "mediaType": kind + "manifest.v1+json",
                    "config": {"mediaType": kind + "config.v1+json", "digest": digest, "size": size}, "layers": layers}
        digest, size = self.add_json(manifest)
        index = {"schemaVersion": 2, "manifests": [{"mediaType": kind + "manifest.v1+json", "digest": digest, "size": size,
                                                    "annotations": {"org.opencontainers.image.ref.name": tag}}]}
        with open(os.path.join(self.path, "index.json"), "w", encoding="utf-8") as f:
            json.dump(index, f)


class Cache:
    """<cache>/<key>: complete when it has its name; made as <key>.<pid>."""

    def __init__(self, path, runtime):
        self.path, self.runtime = path, runtime

    def entry(self, key, make, reuse=True):
        """make(directory) fills a new entry, unless there is one."""
        final = os.path.join(self.path, key)
        if os.path.isdir(final) and reuse:
            return final, True
        temp = f"{final}.{os.getpid()}"
        os.mkdir(temp, 0o755)
        try:
            make(temp)
        except BaseException:
            self.drop(temp)
            raise
        if os.path.isdir(final):  # another build was quicker
            if reuse:
                self.drop(temp)
                return final, True
            self.drop(final)
        os.rename(temp, final)
        return final, False

    def clear(self):
        for name in os.listdir(self.path):
            self.drop(os.path.join(self.path, name))

    def drop(self, path):
        with contextlib.suppress(FileNotFoundError):  # the runtime is still removing a store that it has put aside
            self.runtime.helper("remove", [path], paths=[os.path.join(path, n) for n in os.listdir(path)])
            shutil.rmtree(path)


def key_of(*parts):
    return hashlib.sha256(json.dumps([CACHE_VERSION, *parts], sort_keys=True).encode("utf-8", "surrogateescape")).hexdigest()
