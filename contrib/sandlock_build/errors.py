# SPDX-License-Identifier: GPL-2.0-or-later
"""What ends a build: a text for the user."""


class BuildError(Exception):
    pass


def fail(text):
    raise BuildError(text)
