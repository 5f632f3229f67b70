# SPDX-License-Identifier: GPL-2.0-or-later
"""A build: stages, one after another."""
import json
import os
import re
import shutil
import sys
from datetime import datetime, timezone

from containerfile import expand, parse_containerfile, phrase, words
from errors import BuildError, fail
from images import Cache, Layout, key_of, skopeo, skopeo_inspect
from packer import LAYER
from runtime import PATH, Runtime
from steps import LAYERED, LITERAL, STEPS
from trees import sha256


def docker_only(source):
    """What a docker image says that OCI's configuration has no place for: skopeo leaves it out of the layout."""
    if source.startswith(("oci:", "oci-archive:")):
        return {}
    config = json.loads(skopeo_inspect("--config", "--raw", source)).get("config") or {}
    return {k: config[k] for k in ("OnBuild", "Shell", "Healthcheck") if config.get(k)}


class Stage:
    def __init__(self, build, name):
        self.build, self.name = build, name
        # as far as it can be seen beforehand, what is built is this stage
        self.final = False
        self.lowers, self.layers, self.args, self.key = [], [], {}, key_of("scratch")
        self.config = {"architecture": build.architecture, "os": "linux", "config": {},
                       "rootfs": {"type": "layers", "diff_ids": []}, "history": []}
        self.shell, self.has_cmd = ["/bin/sh", "-c"], False

    @property
    def image(self):
        return self.config["config"]

    def copy_from(self, other):
        self.lowers, self.layers, self.key, self.shell = list(other.lowers), list(other.layers), other.key, list(other.shell)
        self.config = json.loads(json.dumps(other.config))

    def environment(self):
        return dict(e.split("=", 1) for e in self.image.get("Env", []))

    def values(self):
        """What $NAME means: ENV before ARG."""
        return {**{k: v for k, v in self.args.items() if v is not None}, **self.environment()}

    def note(self, text, empty):
        entry = {"created_by": text}
        if empty:
            entry["empty_layer"] = True
        self.config["history"].append(entry)

    def step(self, inst, key, make):
        """A layer: from the cache, or made by make(layer, upper)."""
        def fill(directory):
            layer, upper = os.path.join(directory, LAYER), os.path.join(directory, "upper")
            make(layer, upper)
            with open(layer, "rb") as src, open(os.path.join(directory, "diff_id"), "w", encoding="utf-8") as f:
                f.write("sha256:" + sha256(src))

        self.key = key_of(self.key, key)
        entry, cached = self.build.cache.entry(self.key, fill, self.build.options.cache)
        if cached:
            self.build.say("    from the cache")
        with open(os.path.join(entry, "diff_id"), encoding="utf-8") as f:
            self.config["rootfs"]["diff_ids"].append(f.read())
        self.lowers.insert(0, os.path.join(entry, "upper"))
        self.layers.append(entry)
        if self.final:
            self.build.packer.start(entry)
        self.note(f"{inst.name} {inst.text}", False)

    def write(self, layout, tag):
        layers = []
        for path in self.layers:
            with self.build.packer.open(path) if os.path.isdir(path) else open(path, "rb") as f:
                magic = f.read(4)
                digest, size = layout.add_file(f)
            suffix = "+gzip" if magic[:2] == b"\x1f\x8b" else "+zstd" if magic == b"\x28\xb5\x2f\xfd" else ""
            layers.append({"mediaType": "application/vnd.oci.image.layer.v1.tar" + suffix, "digest": digest, "size": size})
        layout.finish(self.config, layers, tag)


class Build:
    def __init__(self, options, work, packer):
        self.options, self.work, self.packer, self.context = options, work, packer, os.path.realpath(options.context)
        machine = os.uname().machine
        self.architecture = {"x86_64": "amd64", "aarch64": "arm64"}.get(machine, machine)
        platform = {"PLATFORM": "linux/" + self.architecture, "OS": "linux", "ARCH": self.architecture}
        self.platform_args = {side + name: value for side in ("TARGET", "BUILD") for name, value in platform.items()}
        self.time = int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.now(timezone.utc).timestamp())
        cache = os.path.realpath(options.cache_dir)
        self.runtime = Runtime(options.runtime, work, cache)
        self.cache = Cache(cache, self.runtime)
        self.stages, self.global_args, self.bases, self.scratch = [], {}, 0, 0

    def say(self, text):
        if not self.options.quiet:
            print(text, file=sys.stderr, flush=True)

    def scratch_files(self, texts, mode):
        """A directory with files of the build's own."""
        self.scratch += 1
        directory = os.path.join(self.work, f"scratch{self.scratch}")
        os.mkdir(directory, 0o755)
        for name, text in texts.items():
            path = os.path.join(directory, name)
            with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as f:
                f.write(text)
            os.chmod(path, mode)
            os.utime(path, (self.time, self.time))
        return directory

    def stage(self, name, inst):
        """A stage that is built already, by name or number; else an image."""
        for i, stage in enumerate(self.stages[:-1]):
            if name in (stage.name, str(i)):
                return stage
        stage = Stage(self, None)
        self.load_base(stage, name, inst)
        return stage

    def load_base(self, stage, name, inst):
        source = self.options.base.get(name, name)
        if not re.match(r"(oci|oci-archive|docker-archive|docker|dir):", source):
            source = "docker://" + source
        self.bases += 1
        layout = Layout(os.path.join(self.work, f"base{self.bases}"))
        try:
            skopeo(source, f"oci:{layout.path}:base")
        except BuildError as e:
            inst.fail(f"{source}: {e}")
        manifest, config = layout.image()
        stage.config.update({k: v for k, v in config.items() if k not in ("created", "container")})
        # a base without any has none, or null
        stage.config["config"] = {**(stage.config.get("config") or {}), **docker_only(source)}
        stage.config["history"] = stage.config.get("history") or []
        stage.shell = stage.image.get("Shell") or stage.shell
        layers = [layout.blob(layer["digest"]) for layer in manifest["layers"]]
        stage.key = key_of("base", config["rootfs"]["diff_ids"], self.runtime.rootless)

        def fill(directory):
            blobs = []
            for i, layer in enumerate(layers):
                blobs.append(os.path.join(directory, f"layer{i:04}"))
                shutil.copyfile(layer, blobs[-1])
            self.runtime.helper("unpack", [directory], layers=blobs, dest=os.path.join(directory, "root"))

        entry, _ = self.cache.entry(stage.key, fill)
        stage.layers = sorted(os.path.join(entry, n) for n in os.listdir(entry) if n.startswith("layer"))
        stage.lowers = [os.path.join(entry, "root")]

    def start_stage(self, inst):
        for flag in inst.flags:
            inst.fail(f"--{flag} is not supported")
        inst.values = self.global_args
        m = re.fullmatch(r"(\S+)(?:\s+[aA][sS]\s+(\S+))?", phrase(inst))
        if not m:
            inst.fail("IMAGE [AS NAME] is needed")
        stage = Stage(self, m[2])
        known = {s.name: s for s in self.stages if s.name}
        if m[1] in known:
            stage.copy_from(known[m[1]])
        elif m[1] != "scratch":
            self.load_base(stage, m[1], inst)
        if not stage.lowers:
            empty = os.path.join(self.cache.path, "empty")
            os.makedirs(empty, exist_ok=True)
            stage.lowers = [empty]
        if "PATH" not in stage.environment():
            stage.image["Env"] = ["PATH=" + PATH, *stage.image.get("Env", [])]
        self.stages.append(stage)
        return stage

    def carry_out(self, stage, inst):
        inst.values = stage.values()
        inst.flags = {k: expand(v, inst) for k, v in inst.flags.items()}
        text = inst.text if inst.name in LITERAL else expand(inst.text, inst)
        if STEPS[inst.name](stage, inst) is not False and inst.name not in LAYERED:
            stage.note(f"{inst.name} {text}", True)

    def triggers(self, stage, inst):
        """What the image below wants done first, once."""
        for text in stage.image.pop("OnBuild", None) or []:
            for later in parse_containerfile(f"{inst.where}: ONBUILD", text, set(STEPS) - {"ONBUILD"}):
                self.say(f"    ONBUILD {text}")
                self.carry_out(stage, later)

    def note_global_argument(self, inst):
        if inst.name != "ARG":
            inst.fail("the first instruction must be FROM")
        inst.values = self.global_args
        for word in words(inst.text, inst, False):
            key, _, value = word.partition("=")
            self.global_args[key] = self.options.build_arg.get(key, value)

    def is_target(self, stage):
        return self.options.target in (stage.name, str(len(self.stages) - 1))

    def run(self, instructions):
        stage, target = None, self.options.target
        for i, inst in enumerate(instructions, 1):
            self.say(f"{i}/{len(instructions)} {inst.name} {inst.text}")
            if inst.name == "FROM":
                if stage and self.is_target(stage):
                    break
                stage = self.start_stage(inst)
                stage.final = self.is_target(stage) if target else not any(later.name == "FROM" for later in instructions[i:])
                self.triggers(stage, inst)
            elif stage is None:
                self.note_global_argument(inst)
            else:
                self.carry_out(stage, inst)
        if stage is None:
            fail("there is no FROM")
        if target and not self.is_target(stage):
            fail(f"there is no stage {target}")
        return stage
