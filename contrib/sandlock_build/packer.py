# SPDX-License-Identifier: GPL-2.0-or-later
"""The layers of steps as the image gets them: compressed, in the background while later steps run, or as they are."""
import collections
import contextlib
import gzip
import os
from concurrent.futures import ThreadPoolExecutor

LAYER = "layer.tar"
# A gzip file may have several members (RFC 1952, 2.2): each is compressed by itself, by as many threads as there are processors. zlib lets go of the
# interpreter's lock.
MEMBER = 4 << 20
LEVEL = 6


class Stopped(Exception):
    """The build has ended before."""


class Packer:
    """LAYER in an entry of the cache becomes LAYER.gz. Other builds may be doing the same: the last one's stays, with the same bytes."""

    def __init__(self, compress):
        self.compress, self.stopped, self.started = compress, False, {}
        self.files, self.members = ThreadPoolExecutor(1), ThreadPoolExecutor(os.cpu_count())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stopped = True
        self.files.shutdown()
        self.members.shutdown()

    def start(self, entry):
        """For a layer that will be in the image."""
        if self.compress and entry not in self.started:
            self.started[entry] = self.files.submit(self.pack, entry)

    def open(self, entry):
        """An entry's layer."""
        plain = os.path.join(entry, LAYER)
        if self.compress:
            self.start(entry)
            self.started[entry].result()
        else:
            with contextlib.suppress(FileNotFoundError):  # a build that compresses has been here
                return open(plain, "rb")
        return open(plain + ".gz", "rb")

    def pack(self, entry):
        plain = os.path.join(entry, LAYER)
        temp = f"{plain}.gz.{os.getpid()}"
        try:
            with open(plain, "rb") as src, open(temp, "wb") as dst:
                self.write_members(src, dst)
            os.rename(temp, plain + ".gz")
        except FileNotFoundError:
            if not os.path.exists(plain + ".gz"):  # else it has been done, by this build or another
                raise
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temp)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(plain)

    def write_members(self, src, dst):
        pending = collections.deque()
        while data := src.read(MEMBER):
            if self.stopped:
                raise Stopped
            pending.append(self.members.submit(gzip.compress, data, LEVEL, mtime=0))
            if len(pending) > 2 * os.cpu_count():
                dst.write(pending.popleft().result())
        for member in pending:
            dst.write(member.result())
