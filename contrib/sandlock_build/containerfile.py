# SPDX-License-Identifier: GPL-2.0-or-later
"""The text of a Containerfile: instructions, words, variables."""
import json
import re
import shlex

from errors import fail


class Instruction:
    """where: FILE:LINE, as compilers say it; documents: the here-documents behind it; values: what its variables mean when it is carried out."""

    def __init__(self, where, name, flags, text, documents, escape):
        self.where, self.name, self.flags, self.text, self.documents = where, name, flags, text, documents
        self.escape, self.values = escape, {}

    def fail(self, text):
        fail(f"{self.where}: {self.name}: {text}")


class Document:
    """A here-document: its name, the lines as they stand there, and whether tabs before them count."""

    def __init__(self, dash, quote, name):
        self.name, self.literal, self.tabs, self.lines = name, bool(quote), not dash, []

    def ends_with(self, line):
        return (line if self.tabs else line.lstrip("\t")) == self.name

    def text(self):
        """What the command or the file gets."""
        return "".join((line if self.tabs else line.lstrip("\t")) + "\n" for line in self.lines)

    def raw(self):
        """As a shell reads it."""
        return "".join(line + "\n" for line in [*self.lines, self.name])


def documents_of(line):
    """The here-documents that an instruction announces. As elsewhere, <<NAME is a word of its own."""
    name, _, rest = line.partition(" ")
    if name.upper() not in ("RUN", "COPY", "ADD") or "<<" not in rest or json_words(rest.strip()) is not None:
        return []
    try:
        found = [re.fullmatch(r"\d*<<(-?)([\"']?)(\w[^\s\"'<>]*)\2", word) for word in shlex.split(rest, posix=False)]
    except ValueError:
        return []
    return [Document(*m.groups()) for m in found if m]


def read_documents(documents, lines, where):
    for doc in documents:
        for _, line in lines:
            if doc.ends_with(line):
                break
            doc.lines.append(line)
        else:
            fail(f"{where}: the here-document {doc.name} has no end")


def logical_lines(path, text, escape):
    """(FILE:LINE, line, here-documents) with continuations joined and comments left out."""
    joined, where = "", ""
    lines = iter(enumerate(text.split("\n"), 1))
    for number, line in lines:
        if re.match(r"\s*(#|$)", line):
            if joined or line.strip():
                continue
        if not joined:
            where = f"{path}:{number}"
        body = line.rstrip()
        if body.endswith(escape):
            joined += body[:-1]
            continue
        joined = (joined + line).strip()
        if joined:
            documents = documents_of(joined)
            read_documents(documents, lines, where)
            yield where, joined, documents
        joined = ""
    if joined.strip():
        yield where, joined.strip(), []


def parse_instruction(where, line, documents, known, escape):
    name, _, rest = line.partition(" ") if " " in line else line.partition("\t")
    name, rest, flags = name.upper(), rest.strip(), {}
    if name not in known:
        fail(f"{where}: there is no instruction {name}")
    while name in ("FROM", "RUN", "COPY", "ADD", "HEALTHCHECK") and rest.startswith("--"):
        flag, _, rest = rest.partition(" ")
        key, _, value = flag[2:].partition("=")
        flags[key], rest = value, rest.strip()
    if not rest:
        fail(f"{where}: {name}: something is missing behind it")
    return Instruction(where, name, flags, rest, documents, escape)


def parse_containerfile(path, text, known):
    escape = "\\"
    for line in text.split("\n"):
        m = re.match(r"#\s*(\w+)\s*=\s*(\S+)\s*$", line)
        if not m:
            break
        if m[1].lower() == "escape":
            escape = m[2]
    return [parse_instruction(*found, known, escape) for found in logical_lines(path, text, escape)]


VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?:(:?[-+])((?:[^{}]|\{[^{}]*\})*))?\})")


def variable(text, i, inst):
    """(value, end) of what begins with the dollar sign at i: $NAME, ${NAME}, ${NAME:-word}, ${NAME-word}, ${NAME:+word}, ${NAME+word}."""
    m = VARIABLE.match(text, i)
    if not m:
        if text[i:i + 2] == "${":
            inst.fail(f"cannot expand `{text[i:]}`")
        return "$", i + 1
    name, how = m[1] or m[2], m[3] or ""
    value = inst.values.get(name, "")
    # with a colon an empty value counts as none
    there = bool(value) if how.startswith(":") else name in inst.values
    if how.endswith("-") and not there:
        value = expand(m[4], inst)
    elif how.endswith("+"):
        value = expand(m[4], inst) if there else ""
    return value, m.end()


def expand(text, inst, quotes=True):
    """Variables are replaced, and the rest stays as it is; not in single quotes, where quotes mean something."""
    out, i, single = [], 0, False
    while i < len(text):
        c = text[i]
        if c == "'" and quotes:
            single = not single
        if c == inst.escape and i + 1 < len(text) and not single:
            out.append(text[i + 1] if text[i + 1] == "$" else text[i:i + 2])
            i += 2
            continue
        if c == "$" and not single:
            value, i = variable(text, i, inst)
            out.append(value)
            continue
        out.append(c)
        i += 1
    return "".join(out)


class Words:
    """Words as they are put together; None: between two words."""

    def __init__(self):
        self.found, self.word = [], None

    def add(self, text):
        self.word = (self.word or "") + text

    def end(self):
        if self.word is not None:
            self.found.append(self.word)
        self.word = None

    def add_split(self, text):
        """A value outside of quotes, of which several words are made."""
        for i, part in enumerate(re.split(r"\s+", text)):
            if i:
                self.end()
            if part:
                self.add(part)


def words(text, inst, split=True):
    """
    The words of a line, without their quotes and with values for variables. What a variable says is text: quotes in it mean nothing, and blanks
    part words only if `split` says so and the variable is not in quotes.
    """
    out, i, quote = Words(), 0, ""
    while i < len(text):
        c = text[i]
        if c == quote:
            quote = ""
        elif not quote and c in "\"'":
            quote = c
            out.add("")
        elif not quote and c.isspace():
            out.end()
        elif c == inst.escape and quote != "'" and i + 1 < len(text):
            i += 1
            out.add(text[i] if not quote or text[i] in "\"$" + inst.escape else c + text[i])
        elif c == "$" and quote != "'":
            value, i = variable(text, i, inst)
            out.add_split(value) if split and not quote else out.add(value)
            continue
        else:
            out.add(c)
        i += 1
    if quote:
        inst.fail(f"No closing quotation: `{text}`")
    out.end()
    return out.found


def json_words(text):
    """A list in JSON form, or None."""
    if not text.startswith("["):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, list) and all(isinstance(v, str) for v in value) else None


def operands(inst):
    """A list in JSON form, or words."""
    listed = json_words(inst.text)
    return words(inst.text, inst) if listed is None else [expand(word, inst, False) for word in listed]


def phrase(inst):
    """All of it is one value, though it may have blanks."""
    return " ".join(words(inst.text, inst, False))


def pairs(inst):
    """KEY=VALUE..., or the old form KEY VALUE."""
    key, _, rest = inst.text.partition(" ")
    if "=" not in key:
        if not rest.strip():
            inst.fail("a name without a value")
        return [(key, " ".join(words(rest, inst, False)))]
    result = []
    for word in words(inst.text, inst, False):
        key, equals, value = word.partition("=")
        if not equals or not key:
            inst.fail(f"`{word}` is not KEY=VALUE")
        result.append((key, value))
    return result
