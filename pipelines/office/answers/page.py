"""Write the report as one HTML page, to be kept, printed, or sent by mail.

Everything from the file is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from pipelines.core import i18n
from pipelines.core.i18n import many, tell
from pipelines.office.answers.grouping import group_findings
from pipelines.office.answers.model import Group, LocalizedFinding
from pipelines.office.answers.wording import name_expected, severity_words
from pipelines.office.answers.workbook import (
    DEMONSTRATION,
    SEVERITIES,
    SEVERITY_MEANS,
    find_footnote,
    list_file_facts,
    suggestion_words,
)

if TYPE_CHECKING:
    from pipelines.submissions.checking.report import Report

_SIGNS = {"error": "\u2716", "warning": "\u25b2", "information": "\u25cf"}
"""Sign next to each severity, because not everyone can see its colour."""
_STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:70rem;padding:1rem 1.5rem;color:#1a1a1a;background:#fff}
h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.2rem;margin:2rem 0 .4rem}h3{font-size:1.05rem;margin:1.2rem 0 .3rem}
body{overflow-wrap:anywhere}
a{color:#0b4fb3}a:focus-visible{outline:3px solid #1a1a1a;outline-offset:2px}
table{border-collapse:collapse;width:100%;margin:.4rem 0 1rem}
caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{border:1px solid #8a8a8a;padding:.35rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
thead th{background:#f0f0f0}
table.facts{width:auto}
.scroll{overflow-x:auto}
.severity{font-weight:600;white-space:nowrap}
.error{border-left:6px double #b00020}
.warning{border-left:6px dashed #8a5200}
.information{border-left:6px dotted #1f5fa8}
li.error,li.warning,li.information{padding-left:.5rem;margin:.4rem 0}
.error .severity{color:#b00020}.warning .severity{color:#7a4800}.information .severity{color:#1a5090}
section.group{padding-left:.8rem;margin:1.2rem 0}
.summary{border:2px solid #1a1a1a;padding:.4rem 1rem 1rem}
.summary h2{margin-top:.6rem}
.demonstration{border:3px solid #b00020;color:#8c0019;font-weight:700;padding:.4rem .8rem;display:inline-block}
.note{color:#3d3d3d;font-size:.9rem}
:target{outline:3px solid #1a1a1a}
@media print{body{font-size:10pt;max-width:none;padding:0}a{color:inherit;text-decoration:none}
.scroll{overflow:visible}h2,h3,caption{break-after:avoid}tr{break-inside:avoid}thead{display:table-header-group}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""


def render_html(report: Report, language: str, *, demonstration: bool) -> str:
    """Return the page. Findings are grouped by cause, worst first; a summary at the top links to each."""
    finding_groups = group_findings(report, language)
    anchors = {id(finding): f"f{number}" for number, finding in enumerate(_all(finding_groups), start=1)}
    title = tell("Findings in {file}", language, file=report.filename)
    parts = [
        "<!doctype html>",
        f'<html lang="{escape(i18n.html_lang(language), quote=True)}"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        "<header>",
        *([f'<p class="demonstration">{_text(i18n.gettext(DEMONSTRATION, language))}</p>'] if demonstration else []),
        f"<h1>{_text(title)}</h1>",
        _facts(report, language),
        "</header><main>",
        _summary(finding_groups, anchors, language),
        *(_group(group, anchors, language) for group in finding_groups),
        _severities(language),
        "</main>",
        _footer(report, language),
        "</body></html>\n",
    ]
    return "\n".join(parts)


def _all(finding_groups: Sequence[Group]) -> Iterator[LocalizedFinding]:
    for group in finding_groups:
        yield from group.all_findings


def _text(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _facts(report: Report, language: str) -> str:
    rows = "".join(
        f'<tr><th scope="row">{_text(name)}</th><td>{_text(value)}</td></tr>'
        for name, value in list_file_facts(report, language)
    )
    caption = _text(tell("What was checked", language))
    return f'<table class="facts"><caption>{caption}</caption><tbody>{rows}</tbody></table>'


def _summary(finding_groups: Sequence[Group], anchors: Mapping[int, str], language: str) -> str:
    heading = f'<h2 id="summary">{_text(tell("Summary of the findings", language))}</h2>'
    if not finding_groups:
        nothing = f"<p>{_text(tell('No findings.', language))}</p>"
        return f'<section class="summary" aria-labelledby="summary">{heading}{nothing}</section>'
    items = "".join(_summary_item(group, anchors, language) for group in finding_groups)
    return f'<nav class="summary" aria-labelledby="summary">{heading}<ol>{items}</ol></nav>'


def _summary_item(group: Group, anchors: Mapping[int, str], language: str) -> str:
    links = ", ".join(f'<a href="#{anchors[id(item)]}">{_text(item.places)}</a>' for item in group.findings)
    under = "".join(_summary_item(item, anchors, language) for item in group.consequences)
    inner = f"<ul>{under}</ul>" if under else ""
    return (
        f'<li class="{group.severity}">{_severity(group.severity, language)} '
        f'<a href="#{group.id}">{_text(group.title)}</a> {links}{inner}</li>'
    )


def _severity(severity: str, language: str) -> str:
    sign = f'<span aria-hidden="true">{_SIGNS[severity]}</span>'
    return f'<span class="severity">{sign} {_text(severity_words(severity, language))}</span>'


def _group(group: Group, anchors: Mapping[int, str], language: str, level: int = 2) -> str:
    places = many("{n} place", "{n} places", group.places, language)
    more = ""
    if group.unlisted:
        words = many(
            "{n} more place is not listed.",
            "{n} more places are not listed.",
            group.unlisted,
            language,
        )
        more = f"<p>{_text(words)}</p>"
    under = ""
    if group.consequences:
        under = f"<p>{_text(tell('These result from it and should disappear once it is corrected:', language))}</p>"
        under += "".join(_group(consequence, anchors, language, level + 1) for consequence in group.consequences)
    return (
        f'<section class="group {group.severity}">'
        f'<h{level} id="{group.id}">{_severity(group.severity, language)} {_text(group.title)}</h{level}>'
        f"<p>{_text(group.remedy)}</p>{_table(group, anchors, places, language)}{more}{under}</section>"
    )


def _table(group: Group, anchors: Mapping[int, str], caption: str, language: str) -> str:
    head = "".join(
        f'<th scope="col">{_text(words)}</th>'
        for words in (
            tell("Place", language),
            tell("Found", language),
            name_expected(group.rule, language),
            tell("What is wrong", language),
            tell("Suggestion", language),
        )
    )
    body = "".join(
        f'<tr id="{anchors[id(finding)]}"><th scope="row">{_text(finding.places)}</th>'
        f"<td>{_text(finding.seen or '')}{_figure(finding)}</td>"
        f"<td>{_text(finding.expected or '')}</td><td>{_text(finding.message)}</td>"
        f"<td>{_text(suggestion_words(finding, language))}</td></tr>"
        for finding in group.findings
    )
    # A wide table scrolls separately and can take the focus, so that it can be scrolled by keyboard.
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(group.title, quote=True)}">'
        f"<table><caption>{_text(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _figure(finding: LocalizedFinding) -> str:
    return f"<br>{_text(finding.figure)}" if finding.figure else ""


def _severities(language: str) -> str:
    items = "".join(
        f'<li class="{severity}">{_severity(severity, language)} '
        f"{_text(i18n.gettext(SEVERITY_MEANS[severity], language))}</li>"
        for severity in SEVERITIES
    )
    return f"<h2>{_text(tell('What the severities mean', language))}</h2><ul>{items}</ul>"


def _footer(report: Report, language: str) -> str:
    notes = []
    if report.not_run and report.verdict != "unreadable":
        notes.append(tell("There was no earlier return to compare with, so some rules were not run.", language))
    if note := find_footnote(report, language):
        notes.append(note)
    return "<footer>" + "".join(f'<p class="note">{_text(note)}</p>' for note in notes) + "</footer>"
