# SPDX-License-Identifier: GPL-2.0-or-later
"""Interleaved runs and what is made of them."""

import math
import random
import statistics


class Row:
    """One thing that was measured, with every variant: samples[variant] = [numbers]."""

    def __init__(self, name, what=""):
        self.name, self.what = name, what
        self.samples = {}
        self.failed = {}

    def median(self, variant):
        return statistics.median(self.samples[variant]) if self.samples.get(variant) else None

    def spread(self, variant):
        """Half of the distance between the quartiles: what a single slow run does not change."""
        v = sorted(self.samples.get(variant, ()))
        if len(v) < 3:
            return 0.0
        q = statistics.quantiles(v, n=4)
        return (q[2] - q[0]) / 2

    def ratio(self, a, b):
        x, y = self.median(a), self.median(b)
        return x / y if x is not None and y else None


class Table:
    """variants: {key: heading}; ratios: [(key, key)], shown where both were measured."""

    def __init__(self, title, unit, variants, ratios, text="", mean=False):
        self.title, self.unit, self.variants, self.ratios = title, unit, variants, ratios
        self.text, self.mean = text, mean
        self.rows = []

    def present(self):
        """Variants that have at least one number."""
        return [v for v in self.variants if any(r.samples.get(v) for r in self.rows)]

    def geometric_mean(self, a, b):
        v = [r.ratio(a, b) for r in self.rows]
        v = [x for x in v if x]
        return math.exp(sum(map(math.log, v)) / len(v)) if v else None


def interleave(bench, row, functions, runs, warm_up=True):
    """
    functions: {variant: callable that returns the number}. One warm-up each, which also tells what does not work here; then round after
    round in an order that changes, so that drift and neighbours hit everybody alike.
    """
    order = [] if warm_up else list(functions)
    for v, f in functions.items() if warm_up else ():
        try:
            f()
            order.append(v)
        except (OSError, RuntimeError) as e:
            row.failed[v] = str(e)
            bench.note(f"{row.name}: {v} does not work here: {e}")
    for _ in range(runs):
        random.shuffle(order)
        for v in list(order):
            try:
                row.samples.setdefault(v, []).append(float(functions[v]()))
            except (OSError, RuntimeError) as e:
                row.failed[v] = str(e)
                order.remove(v)
                bench.note(f"{row.name}: {v} failed: {e}")

