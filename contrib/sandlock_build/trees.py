# SPDX-License-Identifier: GPL-2.0-or-later
"""Stacks of directories as overlayfs shows them, and what COPY reads. Untrusted: all of it; no path is followed out of its tree."""
import fnmatch
import hashlib
import os
import re
import stat

from errors import fail


def pattern_regex(pattern):
    """Go's filepath.Match with ** for any number of directories."""
    out, i = "", 0
    while i < len(pattern):
        if pattern.startswith("**/", i):
            out, i = out + "(?:.*/)?", i + 3
        elif pattern.startswith("**", i):
            out, i = out + ".*", i + 2
        elif pattern[i] == "*":
            out, i = out + "[^/]*", i + 1
        elif pattern[i] == "?":
            out, i = out + "[^/]", i + 1
        elif pattern[i] == "[" and "]" in pattern[i + 1:]:
            end = pattern.index("]", i + 1)
            out, i = out + pattern[i:end + 1], end + 1
        elif pattern[i] == "\\" and i + 1 < len(pattern):
            out, i = out + re.escape(pattern[i + 1]), i + 2
        else:
            out, i = out + re.escape(pattern[i]), i + 1
    return re.compile(out + r"(?:/.*)?\Z", re.S)


class Ignore:
    def __init__(self, context):
        self.rules = []
        for name in (".containerignore", ".dockerignore"):
            path = os.path.join(context, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="surrogateescape") as f:
                    lines = [line.strip() for line in f]
                for line in lines:
                    if line and not line.startswith("#"):
                        keep = line.startswith("!")
                        self.rules.append((pattern_regex(os.path.normpath(line[keep:].strip().lstrip("/"))), keep))
                break

    def ignores(self, path):
        ignored = False
        for regex, keep in self.rules:
            if ignored == keep and regex.match(path):
                ignored = not keep
        return ignored


def is_whiteout(st):
    return stat.S_ISCHR(st.st_mode) and st.st_rdev == 0


def is_opaque(path):
    for name in ("trusted.overlay.opaque", "user.overlay.opaque"):
        try:
            if os.getxattr(path, name, follow_symlinks=False) == b"y":
                return True
        except OSError:
            pass
    return False


class Merged:
    """A stack of directories, uppermost first, as overlayfs shows it. Paths are absolute; symlinks are resolved within it."""

    def __init__(self, lowers):
        self.lowers = lowers

    def look(self, parents, name):
        """The places of `name` in the directories `parents`: [] is nothing; the first decides what it is, several are one directory."""
        found = []
        for parent in parents:
            path = os.path.join(parent, name)
            try:
                st = os.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            if is_whiteout(st) or (found and not stat.S_ISDIR(st.st_mode)):
                break
            found.append(path)
            if not stat.S_ISDIR(st.st_mode) or is_opaque(path):
                break
        return found

    def resolve(self, path, follow=True):
        """(canonical path, places). The last component need not exist; places is [] then."""
        here, done, todo, links = [self.lowers], [], [p for p in path.split("/") if p not in ("", ".")], 0
        while todo:
            name = todo.pop(0)
            if name == "..":
                if done:
                    here.pop(), done.pop()
                continue
            places = self.look(here[-1], name)
            if places and os.path.islink(places[0]) and (todo or follow):
                links += 1
                if links > 40:
                    fail(f"{path}: too many symbolic links")
                target = os.readlink(places[0])
                if target.startswith("/"):
                    here, done = here[:1], []
                todo = [p for p in target.split("/") if p not in ("", ".")] + todo
                continue
            done.append(name)
            here.append(places)
        return "/" + "/".join(done), here[-1]

    def names(self, places):
        seen = {}
        for place in places:
            for name in os.listdir(place):
                seen.setdefault(name, None)
        return sorted(n for n in seen if self.look(places, n))

    def read(self, path):
        places = self.resolve(path)[1]
        if not places or not os.path.isfile(places[0]):
            return ""
        with open(places[0], encoding="utf-8", errors="surrogateescape") as f:
            return f.read()


class Source(Merged):
    """What COPY reads: the build context, without what is ignored, or the root of a stage."""

    def __init__(self, lowers, is_context):
        super().__init__(lowers)
        self.ignore = Ignore(lowers[0]) if is_context else None

    def ignored(self, path):
        return bool(self.ignore) and self.ignore.ignores(os.path.relpath(path, self.lowers[0]))

    def excluded(self, path):
        """Nothing of it is copied. A directory that is ignored may have something in it that is let through again."""
        return self.ignored(path) and not (os.path.isdir(path) and not os.path.islink(path) and any(keep for _, keep in self.ignore.rules))


def find_sources(tree, patterns):
    """[(name, places)]: globs are matched component by component; a source that is a symlink is what it leads to, under its own name."""
    result = []
    for pattern in patterns:
        hits = [("", *tree.resolve("/"))]
        for part in [p for p in os.path.normpath("/" + pattern).split("/") if p]:
            below = []
            for _, path, places in hits:
                if not places or not os.path.isdir(places[0]):
                    continue
                names = [part]
                if re.search(r"[*?\[]", part):
                    names = [n for n in tree.names(places) if fnmatch.fnmatchcase(n, part)]
                below += [(n, *tree.resolve(f"{path.rstrip('/')}/{n}")) for n in names]
            hits = [h for h in below if h[2] and not tree.excluded(h[2][0])]
        if not hits:
            fail(f"there is no {pattern} to copy")
        result += [(name, places) for name, _, places in hits]
    return result


def sha256(f):
    h = hashlib.sha256()
    while chunk := f.read(1 << 20):
        h.update(chunk)
    return h.hexdigest()


def tree_digest(tree, found):
    """Of everything that COPY would read from the context: names, types, modes, times, contents."""
    h = hashlib.sha256()

    def add(path, places):
        st = os.lstat(places[0])
        if tree.excluded(places[0]):
            return
        h.update(f"{path}\0{st.st_mode}\0{st.st_mtime_ns}\0".encode("utf-8", "surrogateescape"))
        if stat.S_ISLNK(st.st_mode):
            h.update(os.readlink(places[0]).encode("utf-8", "surrogateescape") + b"\0")
        elif stat.S_ISREG(st.st_mode):
            with open(places[0], "rb") as f:
                h.update(sha256(f).encode())
        elif stat.S_ISDIR(st.st_mode):
            for name in tree.names(places):
                add(f"{path}/{name}", tree.look(places, name))

    for path, places in found:
        add(path, places)
    return h.hexdigest()


def user_ids(root, spec, chown=False):
    """UID and GID of USER[:GROUP] (names from the image), and whether a group was given."""
    user, colon, group = spec.partition(":")
    uid = gid = None
    for line in root.read("/etc/passwd").split("\n"):
        f = line.split(":")
        if len(f) > 3 and (f[0] == user or f[2] == user):
            uid, gid = int(f[2]), int(f[3])
            break
    if uid is None:
        if user and not user.isdigit():
            fail(f"there is no user `{user}` in the image")
        uid, gid = int(user or 0), (int(user or 0) if chown else 0)
    elif chown and user.isdigit():
        gid = int(user)
    if colon:
        for line in root.read("/etc/group").split("\n"):
            f = line.split(":")
            if len(f) > 2 and (f[0] == group or f[2] == group):
                return uid, int(f[2])
        if not group.isdigit():
            fail(f"there is no group `{group}` in the image")
        gid = int(group)
    return uid, gid


def user_groups(root, spec):
    """Further groups of a user that is named without a group."""
    lines = [line.split(":") for line in root.read("/etc/group").split("\n")]
    return [int(f[2]) for f in lines if len(f) > 3 and spec and spec in f[3].split(",")]
