"""Write the reference metadata of a territory as a plain HTML page."""

from __future__ import annotations

from html import escape

from pipelines.declarations.sims import Sims
from pipelines.warehouse.metadata.esms import OURS, STRUCTURE, check_statements

_STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "dt{font-weight:600;margin-top:1rem}dd{margin:0}small{color:#555}"
)


def render_page(sims: Sims, name: str, *, footnote: str | None = None) -> str:
    """Return an HTML page without scripts or external files: each concept with text, status and source, then breaks.

    `name` is the territory's English name, `footnote` a note on it. Raises MetadataError.
    """
    check_statements(sims, {})
    title = f"{name}: SIMS"
    mark = '<sup><a href="#footnote">1</a></sup>' if footnote else ""
    lines = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(title)}{mark}</h1><dl>",
    ]
    entries = [(c.name, c.id, c.key, c.seen) for c in STRUCTURE if c.key] + [(n, "", k, True) for k, n in OURS.items()]
    for words, id_, key, is_verified in entries:
        statement = sims.concepts[str(key)]
        code = f" <code>{escape(id_)}</code>" if id_ else ""
        unsure = "" if is_verified else " <small>(unverified)</small>"
        source = f"; {escape(statement.source)}" if statement.source else ""
        lines.append(f'<dt id="{escape(str(key))}">{escape(words)}{code}{unsure}</dt>')
        lines.append(f"<dd>{escape(statement.text)} <small>({statement.status}{source})</small></dd>")
    lines.append("</dl>")
    if sims.breaks:
        items = (
            f"<li>{escape(f'{b.jurisdiction}, {b.period}: {b.text}')} <small>({b.kind}, {b.status})</small></li>"
            for b in sims.breaks
        )
        lines += ["<h2>Breaks</h2><ul>", *items, "</ul>"]
    if footnote:
        lines.append(f'<p id="footnote"><small>1. {escape(footnote)}</small></p>')
    return "\n".join([*lines, "</body></html>", ""])
