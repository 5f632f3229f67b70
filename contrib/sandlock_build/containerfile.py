# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of a Containerfile: instructions, words, variables."""
import json
import re
import shlex

from errors import fail


class Instruction:
    """where: FILE:LINE, as compilers say it."""

    def __init__(self, where, name, flags, text):
        self.where, self.name, self.flags, self.text = where, name, flags, text

    def fail(self, text):
        fail(f"{self.where}: {self.name}: {text}")


def logical_lines(text, escape):
    """(number, line) with continuations joined and comments left out."""
    joined, start = "", 0
    for number, line in enumerate(text.split("\n"), 1):
        if re.match(r"\s*(#|$)", line):
            if joined or line.strip():
                continue
        if not joined:
            start = number
        body = line.rstrip()
        if body.endswith(escape):
            joined += body[:-1]
            continue
        joined += line
        if joined.strip():
            yield start, joined.strip()
        joined = ""
    if joined.strip():
        yield start, joined.strip()


def parse_containerfile(path, text, known):
    escape = "\\"
    for line in text.split("\n"):
        m = re.match(r"#\s*(\w+)\s*=\s*(\S+)\s*$", line)
        if not m:
            break
        if m[1].lower() == "escape":
            escape = m[2]
    result = []
    for number, line in logical_lines(text, escape):
        name, _, rest = line.partition(" ") if " " in line else line.partition("\t")
        name, rest, flags, where = name.upper(), rest.strip(), {}, f"{path}:{number}"
        if name not in known:
            fail(f"{where}: there is no instruction {name}")
        while name in ("FROM", "RUN", "COPY", "ADD", "HEALTHCHECK") and rest.startswith("--"):
            flag, _, rest = rest.partition(" ")
            key, _, value = flag[2:].partition("=")
            flags[key], rest = value, rest.strip()
        if name in ("RUN", "COPY", "ADD") and re.search(r"(^|\s)<<-?[\"']?\w+", rest):
            fail(f"{where}: {name}: here-documents are not supported")
        if not rest:
            fail(f"{where}: {name}: something is missing behind it")
        result.append(Instruction(where, name, flags, rest))
    return result, escape


def expand(text, values, escape, inst):
    """$NAME, ${NAME}, ${NAME:-word}, ${NAME-word}, ${NAME:+word}, ${NAME+word}; not in single quotes."""
    out, i, single = [], 0, False
    while i < len(text):
        c = text[i]
        if c == "'":
            single = not single
        if c == escape and i + 1 < len(text) and not single:
            out.append(text[i + 1] if text[i + 1] == "$" else text[i:i + 2])
            i += 2
            continue
        m = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])((?:[^{}]|\{[^{}]*\})*))?\})").match(text, i) if c == "$" and not single else None
        if c == "$" and not single and not m and text[i:i + 2] == "${":
            inst.fail(f"cannot expand `{text[i:]}`")
        if m:
            name, how = m[1] or m[2], m[3] or ""
            value = values.get(name, "")
            # with a colon an empty value counts as none
            there = bool(value) if how.startswith(":") else name in values
            if how.endswith("-") and not there:
                value = expand(m[4], values, escape, inst)
            elif how.endswith("+"):
                value = expand(m[4], values, escape, inst) if there else ""
            out.append(value)
            i = m.end()
            continue
        out.append(c)
        i += 1
    return "".join(out)


def words(text, inst):
    try:
        return shlex.split(text)
    except ValueError as e:
        inst.fail(f"{e}: `{text}`")


def json_words(text):
    """A list in JSON form, or None."""
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, list) and all(isinstance(v, str) for v in value) else None


def pairs(text, inst):
    """KEY=VALUE..., or the old form KEY VALUE."""
    key, _, rest = text.partition(" ")
    if "=" not in key:
        if not rest.strip():
            inst.fail("a name without a value")
        return [(key, rest.strip())]
    result = []
    for word in words(text, inst):
        key, equals, value = word.partition("=")
        if not equals or not key:
            inst.fail(f"`{word}` is not KEY=VALUE")
        result.append((key, value))
    return result
