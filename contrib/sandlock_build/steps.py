# SPDX-License-Identifier: GPL-2.0-or-later
"""The instructions, each a function of the stage and the instruction."""
import os
import re

from containerfile import expand, json_words, operands, pairs, phrase, words
from errors import BuildError
from runtime import CAPS, PATH
from trees import Source, find_sources, tree_digest

PROXIES = {word for name in ("http_proxy", "https_proxy", "ftp_proxy", "no_proxy", "all_proxy") for word in (name, name.upper())}


def command_of(stage, inst):
    """The arguments of RUN, and the text of a script that is to be a file. A here-document alone is the command; beside other words the shell gets it."""
    argv = json_words(inst.text)
    if argv:
        return argv, None
    if len(inst.documents) == 1 and len(inst.text.split()) == 1:
        doc = inst.documents[0]
        if doc.text().startswith("#!"):
            return ["/dev/pipes/" + doc.name], doc.text()
        return [*stage.shell, doc.text()], None
    if inst.documents:
        return [*stage.shell, inst.text + "\n" + "".join(doc.raw() for doc in inst.documents)], None
    return [*stage.shell, inst.text], None


def step_run(stage, inst):
    build, image = stage.build, stage.image
    for flag in inst.flags:
        inst.fail(f"--{flag} is not supported")
    argv, script = command_of(stage, inst)
    env = {"PATH": PATH, **{k: v for k, v in stage.args.items() if v is not None}, **stage.environment()}
    # these need no ARG, and what they are does not make another layer
    proxies = {k: v for k, v in build.options.build_arg.items() if k in PROXIES and k not in env}
    if not stage.lowers:
        inst.fail("there is nothing in the image to run")
    user = image.get("User", "")
    inside = build.runtime.helper("query", [], lowers=stage.lowers, user=user, paths=["/etc/resolv.conf", "/etc/hosts"])
    uid, gid = inside["ids"]

    def change(config):
        process = config["process"]
        process.update(args=argv, cwd=image.get("WorkingDir") or "/", env=[f"{k}={v}" for k, v in {**proxies, **env}.items()],
                       user={"uid": uid, "gid": gid, "additionalGids": [gid, *(g for g in inside["groups"] if g != gid)]},
                       capabilities={k: CAPS for k in ("bounding", "effective", "permitted")})
        if uid:
            process["capabilities"] = {"bounding": CAPS}
        # only onto files that are there: a mount point that has to be made would be a change
        for there, path in zip(inside["exist"], ("/etc/resolv.conf", "/etc/hosts")):
            if there and os.path.exists(path):
                config["mounts"].append({"destination": path, "source": path, "type": "none", "options": ["rbind", "ro"]})
        if script is not None:  # in /dev, which is no part of the image
            source = os.path.join(build.scratch_files({"script": script}, 0o755), "script")
            config["mounts"].append({"destination": argv[0], "source": source, "type": "none", "options": ["rbind", "ro"]})

    def make(layer, upper):
        status = build.runtime.run(stage.lowers, change, layer, upper)
        if status:
            inst.fail(f"the command ended with status {status}: {inst.text}")

    stage.step(inst, ["RUN", argv, env, user, image.get("WorkingDir"), *([script] if script is not None else [])], make)


def document_files(stage, inst, patterns):
    """A directory with the here-documents of a COPY, and what they say. In their text quotes are characters as others are."""
    docs = {doc.name: doc for doc in inst.documents}
    if "from" in inst.flags or any(p[:2] != "<<" for p in patterns):
        inst.fail("here-documents and files cannot be copied together")
    patterns[:] = [p.removeprefix("<<").removeprefix("-") for p in patterns]
    texts = {name: doc.text() if doc.literal else expand(doc.text(), inst, False) for name, doc in docs.items()}
    return [stage.build.scratch_files(texts, 0o644)], texts


def step_copy(stage, inst):
    build, add = stage.build, inst.name == "ADD"
    known = {"chown", "chmod"} | (set() if add else {"from"})
    for flag in inst.flags:
        if flag not in known:
            inst.fail(f"--{flag} is not supported")
    given = operands(inst)
    if len(given) < 2:
        inst.fail("sources and a destination are needed")
    *patterns, dest = given
    for p in patterns:
        if add and re.match(r"(https?|ftp|git)://|git@", p):
            inst.fail(f"{p}: sources from the network are not supported")
    final = dest if dest.startswith("/") else os.path.join(stage.image.get("WorkingDir") or "/", dest)
    if dest in (".", "./") or dest.endswith("/."):
        final = final.rstrip(".").rstrip("/") + "/"
    mode = inst.flags.get("chmod")
    if mode is not None and not re.fullmatch(r"[0-7]{3,4}", mode):
        inst.fail(f"--chmod={mode}: not an octal mode")
    if inst.documents:
        source, what = document_files(stage, inst, patterns)
    elif "from" in inst.flags:
        other = build.stage(inst.flags["from"], inst)
        source, what = other.lowers, other.key
    else:
        tree = Source([build.context], True)
        try:
            source, what = tree.lowers, tree_digest(tree, find_sources(tree, patterns))
        except BuildError as e:
            inst.fail(str(e))
    args = {"patterns": patterns, "dest": final, "owner": inst.flags.get("chown", ""), "mode": int(mode, 8) if mode else None,
            "unpack": add and not inst.documents, "is_context": "from" not in inst.flags, "time": build.time}

    def make(layer, upper):
        try:
            build.runtime.helper("copy", [os.path.dirname(layer)], lowers=stage.lowers, source=source, layer=layer, upper=upper, **args)
        except BuildError as e:
            inst.fail(str(e))

    stage.step(inst, [inst.name, what, {k: v for k, v in args.items() if k != "time"}], make)


def step_env(stage, inst):
    env = stage.environment()
    env.update(pairs(inst))
    stage.image["Env"] = [f"{k}={v}" for k, v in env.items()]


def step_label(stage, inst):
    stage.image.setdefault("Labels", {}).update(pairs(inst))


def step_arg(stage, inst):
    for word in words(inst.text, inst, False):
        name, equals, value = word.partition("=")
        given = stage.build.options.build_arg
        if name in given:
            stage.args[name] = given[name]
        elif equals:
            stage.args[name] = value
        else:
            stage.args[name] = stage.build.global_args.get(name, stage.build.platform_args.get(name))


def step_workdir(stage, inst):
    path = os.path.normpath(os.path.join(stage.image.get("WorkingDir") or "/", phrase(inst)))
    stage.image["WorkingDir"] = path
    if stage.build.runtime.helper("query", [], lowers=stage.lowers, user="", paths=[path])["exist"][0]:
        return True
    empty = os.path.join(stage.build.work, "empty")
    os.makedirs(empty, exist_ok=True)

    def make(layer, upper):
        stage.build.runtime.helper("copy", [os.path.dirname(layer)], lowers=stage.lowers, source=[empty], layer=layer, upper=upper,
                                   is_context=False, patterns=["/"], dest=path + "/", owner="", mode=None, unpack=False,
                                   time=stage.build.time)

    stage.step(inst, ["WORKDIR", path], make)
    return False


def command_form(stage, inst):
    argv = json_words(inst.text)
    return argv if argv is not None else [*stage.shell, inst.text]


def step_cmd(stage, inst):
    stage.image["Cmd"] = command_form(stage, inst)
    stage.has_cmd = True


def step_entrypoint(stage, inst):
    stage.image["Entrypoint"] = command_form(stage, inst)
    if not stage.has_cmd:  # that of the image below was meant for another program
        stage.image.pop("Cmd", None)


def step_user(stage, inst):
    stage.image["User"] = phrase(inst)


def step_expose(stage, inst):
    for word in words(inst.text, inst):
        if not re.fullmatch(r"\d+(-\d+)?(/(tcp|udp|sctp))?", word):
            inst.fail(f"`{word}` is not a port")
        stage.image.setdefault("ExposedPorts", {})[word if "/" in word else word + "/tcp"] = {}


def step_volume(stage, inst):
    for path in operands(inst):
        stage.image.setdefault("Volumes", {})[path] = {}


def step_shell(stage, inst):
    argv = json_words(inst.text)
    if not argv:
        inst.fail("a list in JSON form is needed")
    stage.shell = stage.image["Shell"] = argv


def step_stopsignal(stage, inst):
    stage.image["StopSignal"] = phrase(inst)


def step_maintainer(stage, inst):
    stage.config["author"] = inst.text


def duration(text, inst):
    units = {"h": 3600, "m": 60, "s": 1, "ms": 0.001, "us": 1e-6}
    found = re.findall(r"([\d.]+)(ms|us|h|m|s)", text)
    if not found or "".join(a + b for a, b in found) != text:
        inst.fail(f"`{text}` is not a duration")
    return int(sum(float(a) * units[b] for a, b in found) * 1e9)


def step_healthcheck(stage, inst):
    kind, _, rest = inst.text.partition(" ")
    if kind.upper() == "NONE":
        stage.image["Healthcheck"] = {"Test": ["NONE"]}
        return
    if kind.upper() != "CMD":
        inst.fail("CMD or NONE is needed")
    if not rest.strip():
        inst.fail("a command is needed behind CMD")
    argv = json_words(rest.strip())
    check = {"Test": ["CMD", *argv] if argv else ["CMD-SHELL", rest.strip()]}
    names = {"interval": "Interval", "timeout": "Timeout", "start-period": "StartPeriod"}
    for flag, value in inst.flags.items():
        if flag == "retries":
            if not value.isdigit():
                inst.fail(f"--retries={value}: not a number")
            check["Retries"] = int(value)
        elif flag in names:
            check[names[flag]] = duration(value, inst)
        else:
            inst.fail(f"--{flag} is not supported")
    stage.image["Healthcheck"] = check


def step_onbuild(stage, inst):
    """For those who build on the image. Its variables are theirs."""
    name = inst.text.split(None, 1)[0].upper()
    if name not in STEPS or name in ("ONBUILD", "MAINTAINER"):
        inst.fail(f"{name} cannot be done later")
    stage.image.setdefault("OnBuild", []).append(inst.text)


STEPS = {"RUN": step_run, "COPY": step_copy, "ADD": step_copy, "ENV": step_env, "LABEL": step_label, "ARG": step_arg,
         "WORKDIR": step_workdir, "CMD": step_cmd, "ENTRYPOINT": step_entrypoint, "USER": step_user, "EXPOSE": step_expose,
         "VOLUME": step_volume, "SHELL": step_shell, "STOPSIGNAL": step_stopsignal, "MAINTAINER": step_maintainer,
         "HEALTHCHECK": step_healthcheck, "ONBUILD": step_onbuild}
LAYERED = {"RUN", "COPY", "ADD"}
# the shell of RUN, or of the container, expands these itself
LITERAL = {"RUN", "CMD", "ENTRYPOINT", "SHELL", "HEALTHCHECK", "MAINTAINER", "ONBUILD"}
