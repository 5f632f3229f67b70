# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers: unpacking them, and writing the one of a COPY. Runs with the ids of the image: as root, or as root of a container that has the host's
root read-only (runtime.py). Untrusted: archives and trees."""
import os
import shutil
import stat
import subprocess
import tarfile
import tempfile

from errors import fail
from trees import Merged, Source, find_sources, user_groups, user_ids


def safe_parent(dest, name):
    """The directory of the entry `name` below dest, made if it is missing; no symlink on the way is followed."""
    path = dest
    for part in name.split("/")[:-1]:
        path = os.path.join(path, part)
        try:
            if not stat.S_ISDIR(os.lstat(path).st_mode):
                os.unlink(path)
                os.mkdir(path, 0o755)
        except FileNotFoundError:
            os.mkdir(path, 0o755)
    return path


def not_there(_function, _path, exc_info):
    """For rmtree: somebody else may be removing the same."""
    if not issubclass(exc_info[0], FileNotFoundError):
        raise exc_info[1]


def remove(path):
    try:
        is_dir = stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if is_dir:
        shutil.rmtree(path, onerror=not_there)
    else:
        os.unlink(path)


def set_attributes(path, member):
    try:
        os.chown(path, member.uid, member.gid, follow_symlinks=False)
    except OSError:  # an id that is not mapped here: a single-id user namespace
        pass
    if not member.issym():
        os.chmod(path, member.mode & 0o7777)
    for key, value in member.pax_headers.items():
        if key.startswith("SCHILY.xattr."):
            try:
                os.setxattr(path, key[13:], value.encode("utf-8", "surrogateescape"), follow_symlinks=False)
            except OSError:
                pass
    if not member.isdir():
        set_time(path, member)


def set_time(path, member):
    when = member.pax_headers.get("mtime")
    if when:
        seconds, _, fraction = when.partition(".")
        ns = int(seconds) * 10**9 + int((fraction + "000000000")[:9]) * (-1 if when.startswith("-") else 1)
    else:
        ns = int(member.mtime) * 10**9
    os.utime(path, ns=(ns, ns), follow_symlinks=False)


def unpack_member(tar, member, name, dest):
    path = os.path.join(safe_parent(dest, name), name.rsplit("/", 1)[-1])
    base = os.path.basename(name)
    if base == ".wh..wh..opq":
        for entry in os.listdir(os.path.dirname(path)):
            remove(os.path.join(os.path.dirname(path), entry))
        return None
    if base.startswith(".wh."):
        remove(os.path.join(os.path.dirname(path), base[4:]))
        return None
    if not (member.isdir() and os.path.isdir(path) and not os.path.islink(path)):
        remove(path)
    if member.isdir():
        os.makedirs(path, 0o700, exist_ok=True)
    elif member.isfile():
        with tar.extractfile(member) as src, open(path, "xb") as dst:
            shutil.copyfileobj(src, dst, 1 << 20)
    elif member.issym():
        os.symlink(member.linkname, path)
    elif member.islnk():
        target = os.path.normpath("/" + member.linkname)[1:]
        os.link(os.path.join(safe_parent(dest, target), os.path.basename(target)), path, follow_symlinks=False)
        return None
    elif member.isfifo():
        os.mkfifo(path)
    else:
        kind = stat.S_IFCHR if member.ischr() else stat.S_IFBLK
        try:
            os.mknod(path, kind | 0o600, os.makedev(member.devmajor, member.devminor))
        except PermissionError:  # a user namespace makes no devices; the container gets its own
            return None
    set_attributes(path, member)
    return path


def open_layer(path):
    with open(path, "rb") as f:
        magic = f.read(6)
    if magic[:4] == b"\x28\xb5\x2f\xfd":
        with subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE) as p:
            raw = tempfile.TemporaryFile()
            shutil.copyfileobj(p.stdout, raw)
        raw.seek(0)
        return tarfile.open(fileobj=raw, mode="r:", errorlevel=2, encoding="utf-8", errors="surrogateescape")
    return tarfile.open(path, "r:*", errorlevel=2, encoding="utf-8", errors="surrogateescape")


def op_unpack(layers, dest):
    dirs = {}
    os.makedirs(dest, 0o755, exist_ok=True)
    for layer in layers:
        with open_layer(layer) as tar:
            for member in tar:
                name = os.path.normpath("/" + member.name)[1:]
                if not name:
                    set_attributes(dest, member)
                    dirs[dest] = member
                    continue
                path = unpack_member(tar, member, name, dest)
                if path and member.isdir():
                    dirs[path] = member
    for path, member in sorted(dirs.items(), reverse=True):
        if os.path.isdir(path) and not os.path.islink(path):
            set_time(path, member)


def op_remove(paths):
    for path in paths:
        remove(path)


class LayerWriter:
    """A layer on a Merged root: each entry is preceded by the directories above it, as they are."""

    def __init__(self, file, root, default):
        self.tar = tarfile.open(file, "w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape")
        self.root, self.default, self.done = root, default, set()

    def member(self, name, source):
        st = os.lstat(source)
        m = tarfile.TarInfo(name.lstrip("/"))
        m.mode, m.uid, m.gid, m.mtime = stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid, st.st_mtime_ns // 10**9
        if st.st_mtime_ns % 10**9:
            m.pax_headers["mtime"] = "%d.%09d" % divmod(st.st_mtime_ns, 10**9)
        for attr in os.listxattr(source, follow_symlinks=False):
            if not attr.startswith(("trusted.overlay.", "user.overlay.", "user.sandlock.", "security.selinux", "security.ima")):
                value = os.getxattr(source, attr, follow_symlinks=False)
                m.pax_headers["SCHILY.xattr." + attr] = value.decode("utf-8", "surrogateescape")
        return m, st

    def parents(self, path):
        """The directories above path (canonical): the image's own as they are, missing ones new, 0755, of root or whom --chown names."""
        parts = path.strip("/").split("/")[:-1]
        for i in range(len(parts)):
            self.directory("/" + "/".join(parts[:i + 1]))

    def directory(self, path):
        if path in self.done or path == "/":
            return
        self.parents(path)
        self.done.add(path)
        places = self.root.resolve(path, follow=False)[1]
        if places and not stat.S_ISDIR(os.lstat(places[0]).st_mode):
            fail(f"{path} is not a directory in the image")
        if places:
            m = self.member(path, places[0])[0]
        else:
            m = tarfile.TarInfo(path.lstrip("/"))
            m.mode, m.mtime = 0o755, self.default["time"]
            m.uid, m.gid = self.default["given_owner"] or (0, 0)
        m.type = tarfile.DIRTYPE
        self.tar.addfile(m)

    def add(self, path, source):
        """The object `source` as path (its parent is canonical)."""
        m, st = self.member(path, source)
        if self.default["owner"]:
            m.uid, m.gid = self.default["owner"]
        if self.default["mode"] is not None and not stat.S_ISLNK(st.st_mode):
            m.mode = self.default["mode"]
        self.parents(path)
        self.done.add(path)
        places = self.root.resolve(path, follow=False)[1]
        if places and stat.S_ISDIR(os.lstat(places[0]).st_mode) != stat.S_ISDIR(st.st_mode):
            fail(f"{path} is {'a' if stat.S_ISDIR(os.lstat(places[0]).st_mode) else 'no'} directory in the image")
        if stat.S_ISDIR(st.st_mode):
            m.type = tarfile.DIRTYPE
            self.tar.addfile(m)
        elif stat.S_ISLNK(st.st_mode):
            m.type, m.linkname = tarfile.SYMTYPE, os.readlink(source)
            self.tar.addfile(m)
        elif stat.S_ISREG(st.st_mode):
            m.size = st.st_size
            with open(source, "rb") as f:
                self.tar.addfile(m, f)
        elif stat.S_ISFIFO(st.st_mode):
            m.type = tarfile.FIFOTYPE
            self.tar.addfile(m)
        else:
            fail(f"{source}: neither a file, a directory, a symbolic link nor a FIFO")

    def add_member(self, m, data):
        """An entry of an archive that is unpacked (ADD)."""
        if m.islnk():
            m.linkname = self.prefix(m.linkname)
        m.name = self.prefix(m.name)
        path = "/" + m.name
        if m.isdir() and self.root.resolve(path) != self.root.resolve(path, follow=False) and self.root.resolve(path)[1]:
            return  # the image has a symlink to a directory in its place (/lib): what is in it goes there
        self.parents(path)
        self.done.add(path)
        if m.isfile() or m.isdir() or m.issym() or m.islnk() or m.isfifo():
            if self.default["given_owner"]:
                m.uid, m.gid = self.default["given_owner"]
            m.uname = m.gname = ""
            self.tar.addfile(m, data)

    def prefix(self, name):
        parent, name = os.path.split(self.target.rstrip("/") + os.path.normpath("/" + name))
        return os.path.join(self.root.resolve(parent)[0], name).lstrip("/")

    def close(self):
        self.tar.close()


def is_archive(path):
    return os.path.isfile(path) and not os.path.islink(path) and tarfile.is_tarfile(path)


def copy_one(out, root, source, places, target, unpack):
    """source: Merged or context tree; places: of one object. target: canonical path."""
    top = places[0]
    if unpack and is_archive(top):
        out.target = target
        with tarfile.open(top, "r:*", encoding="utf-8", errors="surrogateescape") as tar:
            for m in tar:
                if os.path.normpath("/" + m.name) != "/":
                    out.add_member(m, tar.extractfile(m) if m.isfile() else None)
        return
    if not os.path.isdir(top) or os.path.islink(top):
        out.add(target, top)
        return
    for name in source.names(places):
        below = source.look(places, name)
        path = f"{target.rstrip('/')}/{name}"
        if source.excluded(below[0]):
            continue
        if stat.S_ISDIR(os.lstat(below[0]).st_mode):
            # an image with a symlink in the place of the directory (/lib): it goes where that leads
            path, there = root.resolve(path)
            if not there and path not in out.done and not source.ignored(below[0]):
                out.add(path, below[0])
            copy_one(out, root, source, below, path, False)
        else:
            out.add(path, below[0])


def op_copy(lowers, source, is_context, patterns, dest, owner, mode, unpack, time, layer, upper):
    root, tree = Merged(lowers), Source(source, is_context)
    found = find_sources(tree, patterns)
    target, there = root.resolve(dest)
    into = dest.endswith("/") or bool(there and os.path.isdir(there[0]))
    if len(found) > 1 and not into:
        fail(f"several sources need a directory as destination: {dest}/")
    given = user_ids(root, owner, True) if owner else None
    out = LayerWriter(layer, root, {"owner": given or ((0, 0) if is_context else None), "given_owner": given, "mode": mode, "time": time})
    for name, places in found:
        whole = os.path.isdir(places[0]) or (unpack and is_archive(places[0]))
        if whole or into:
            out.directory(target)
        if whole:
            copy_one(out, root, tree, places, target, unpack)
        else:
            out.add(root.resolve(f"{target.rstrip('/')}/{name}")[0] if into else target, places[0])
    out.close()
    op_unpack([layer], upper)


def op_query(lowers, user, paths):
    """The ids and groups of a user, and which of the paths are there."""
    root = Merged(lowers)
    return {"ids": user_ids(root, user) if user else (0, 0), "groups": user_groups(root, user),
            "exist": [bool(root.resolve(p)[1]) for p in paths]}


OPS = {"unpack": op_unpack, "remove": op_remove, "copy": op_copy, "query": op_query}
