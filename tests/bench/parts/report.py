# SPDX-License-Identifier: GPL-2.0-or-later
"""Markdown, HTML, JSON."""

import html
import json
import sys
import time


def number(x):
    if x is None:
        return "–"
    return f"{x:.0f}" if x >= 100 else f"{x:.1f}" if x >= 10 else f"{x:.2f}"


def cell(row, variant):
    if not row.samples.get(variant):
        return "–"
    spread = f" ±{number(row.spread(variant))}" if len(row.samples[variant]) > 1 else ""
    return number(row.median(variant)) + spread


def ratio_names(table):
    present = table.present()
    return [(a, b) for a, b in table.ratios if a in present and b in present]


def markdown_table(t):
    present, ratios = t.present(), ratio_names(t)
    head = [f"{t.unit}"] + [t.variants[v] for v in present] + [f"{t.variants[a]} ÷ {t.variants[b]}" for a, b in ratios]
    out = [f"### {t.title}", ""]
    if t.text:
        out += [t.text, ""]
    out += ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for r in t.rows:
        cells = [r.name] + [cell(r, v) for v in present]
        cells += [f"{r.ratio(a, b):.2f}" if r.ratio(a, b) is not None else "–" for a, b in ratios]
        out.append("| " + " | ".join(cells) + " |")
    if t.mean and len(t.rows) > 1:
        means = [t.geometric_mean(a, b) for a, b in ratios]
        out.append("| geometric mean | " + "| " * len(present) + " | ".join(f"**{m:.2f}**" if m else "–" for m in means) + " |")
    return out + [""]


def markdown(bench, tables):
    out = [f"Measured on {time.strftime('%Y-%m-%d')}" + (" with --quick: a look, not a result" if bench.opts.quick else "") + ".", ""]
    out += [f"- {line}" for line in bench.describe()]
    out += ["- median ± half the distance of the quartiles; a ratio below 1 is in favour of the first", ""]
    for t in tables:
        out += markdown_table(t)
    if bench.notes:
        out += ["Notes of this run:", ""] + [f"- {n}" for n in bench.notes] + [""]
    return "\n".join(out)


STYLE = """
body { font: 15px/1.45 sans-serif; max-width: 62em; margin: 2em auto; padding: 0 1em; color: #222 }
h2 { margin-top: 2em; border-bottom: 1px solid #ccc }
.row { margin: .9em 0 } .what { font-weight: bold }
.bar { display: flex; align-items: center; font-size: 13px; margin: 1px 0 }
.bar span:first-child { width: 14em; flex: none } .bar i { height: 13px; background: #9ab; flex: none; margin-right: .5em }
.bar.ours i { background: #2a7 } .note { color: #666 }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd } .note { color: #999 } }
"""


def html_row(t, r):
    biggest = max((r.median(v) for v in t.present() if r.median(v) is not None), default=0) or 1
    out = [f'<div class="row"><div class="what">{html.escape(r.name)} <span class="note">{html.escape(r.what)}</span></div>']
    for v in t.present():
        m = r.median(v)
        if m is None:
            continue
        ours = " ours" if v.startswith("ours") else ""
        out.append(f'<div class="bar{ours}"><span>{html.escape(t.variants[v])}</span>'
                   f'<i style="width:{max(m / biggest * 55, 0.15):.2f}%"></i><span>{html.escape(cell(r, v))} {t.unit}</span></div>')
    return "\n".join(out + ["</div>"])


def html_page(bench, tables):
    out = ["<!DOCTYPE html>", '<html lang="en"><meta charset="utf-8"><title>sandlock-oci: benchmarks</title>', f"<style>{STYLE}</style>",
           "<h1>sandlock-oci beside its peers</h1>"]
    out += [f"<p>{html.escape(line)}</p>" for line in bench.describe()]
    out.append('<p class="note">Median ± half the distance of the quartiles. Shorter is better.</p>')
    for t in tables:
        out.append(f"<h2>{html.escape(t.title)}</h2>")
        if t.text:
            out.append(f'<p class="note">{html.escape(t.text)}</p>')
        out += [html_row(t, r) for r in t.rows]
    out += [f'<p class="note">{html.escape(n)}</p>' for n in bench.notes]
    return "\n".join(out) + "\n</html>\n"


def as_json(bench, tables):
    return {
        "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "quick": bench.opts.quick,
        "machine": bench.describe(),
        "notes": bench.notes,
        "tables": [{
            "title": t.title,
            "unit": t.unit,
            "rows": [{"name": r.name, "samples": r.samples, "failed": r.failed} for r in t.rows],
        } for t in tables],
    }


def write(bench, tables):
    text = markdown(bench, tables)
    if bench.opts.markdown:
        with open(bench.opts.markdown, "w", encoding="utf-8") as f:
            f.write(text)
    else:
        sys.stdout.write(text)
    if bench.opts.html:
        with open(bench.opts.html, "w", encoding="utf-8") as f:
            f.write(html_page(bench, tables))
    if bench.opts.json:
        with open(bench.opts.json, "w", encoding="utf-8") as f:
            json.dump(as_json(bench, tables), f, indent=1)
