"""Draw a file as HTML with every cell coloured by what it was bound to, so that a statistician can check it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from pipelines.core import codes, i18n
from pipelines.core.i18n import many, mark, tell
from pipelines.findings.finding import Finding
from pipelines.findings.texts import describe_finding
from pipelines.model.content import Content, Cube, Grid, SourceCell, SourceTable, Where
from pipelines.reading.formats.common import column_letters
from pipelines.reading.standardise.collecting import Binding, Role
from pipelines.reading.standardise.sheets import is_blank
from pipelines.reading.standardise.standardise import Reading
from pipelines.reading.standardise.values import STORES_NUMBERS

ROLES: dict[Role, tuple[str, str, str]] = {
    "title": ("#fdf0c4", "t", mark("title (period and table)")),
    "corner": ("#e4e4ee", "k", mark("corner of the table")),
    "heading": ("#cfe3f7", "h", mark("heading")),
    "label": ("#d9f0d3", "l", mark("row label")),
    "section": ("#b9dfb0", "s", mark("section")),
    "value": ("#ffffff", "", mark("number taken over")),
    "pseudonym": ("#ffffff", "p", mark("pseudonym of a case or person")),
    "check": ("#ece2f5", "+", mark("printed total, only compared")),
    "note": ("#f5eadb", "n", mark("note")),
    "nil": ("#fdf0c4", "0", mark("nil: nothing to report")),
    "contact": ("#d6d6d6", "c", mark("contact cell, not kept")),
    "ignored": ("#eeeeee", "i", mark("not read, as declared")),
    "unknown": ("#ffd6a5", "?", mark("not declared")),
    "sheet": ("#fdf0c4", "t", mark("sheet")),
    "dimension": ("#cfe3f7", "h", mark("dimension")),
}
"""Role -> colour, sign (not everyone can see the colour), words of the legend."""
_LEGEND: tuple[Role, ...] = (
    "title", "corner", "heading", "label", "section", "value", "pseudonym", "check", "note", "nil", "contact",
    "ignored", "unknown",
)  # fmt: skip
_KINDS = {"nil": mark("nil"), "full": mark("full"), "patch": mark("patch")}
_STYLE = """
body{font:14px/1.4 system-ui,sans-serif;margin:1.5rem;color:#1a1a1a;background:#fff}
h1{font-size:1.3rem}h2{font-size:1.05rem;margin-top:1.6rem}
table{border-collapse:collapse;margin:.4rem 0}
td,th{border:1px solid #bbb;padding:.15rem .4rem;vertical-align:top;text-align:left;font-weight:normal}
td.n{text-align:right}.pos{background:#f6f6f6;color:#666;font-size:.8em}
.none{color:#555;background:#fafafa}
sup.s{color:#444;font-size:.7em}
.error{outline:3px solid #b00020;outline-offset:-3px}.warning{outline:3px dashed #9a5b00;outline-offset:-3px}
.information{outline:2px dotted #1f5fa8;outline-offset:-2px}
.demo{border:2px solid #b00020;padding:.3rem .6rem;font-weight:bold;display:inline-block}
.scroll{overflow-x:auto}
@media print{body{margin:0;font-size:10px}.scroll{overflow:visible}h2{break-after:avoid}tr{break-inside:avoid}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
"""
_MAX_ROWS = 3000
"""Rows or observations of one table that are drawn; the page states if there are more."""


def render_preview(content: Content, reading: Reading, language: str = "en", *, demonstration: bool = False) -> str:
    """Return the page as text. Findings are in `language`; contact cells are shown empty, since they are never kept.

    For a cube, the members of each dimension and the observations are listed. Everything from the file is escaped.
    """
    parts = [_head(reading, language, demonstration), _findings(reading.findings, language), _legend(language)]
    if isinstance(content, Cube):
        parts.append(_cube(content, reading, language))
    else:
        parts += _grid(content, reading, language)
    parts.append("</body></html>\n")
    return "\n".join(parts)


def _head(reading: Reading, language: str, demonstration: bool) -> str:
    periods = ", ".join(p.code for p in reading.periods) or tell("none found", language)
    kind = "nil" if reading.nil else reading.kind
    facts = [
        tell("Form: {form}", language, form=reading.form),
        tell("Periods: {periods}", language, periods=periods),
        tell("Kind: {kind}", language, kind=i18n.gettext(_KINDS[kind], language)),
        tell("Observations: {number}", language, number=reading.observations.height),
    ]
    if reading.events.height:
        facts.append(tell("Events: {number}", language, number=reading.events.height))
    banner = f'<p class="demo">{escape(tell("Demonstration data", language))}</p>' if demonstration else ""
    title = tell("Preview: {form}", language, form=reading.form)
    return (
        f'<!doctype html>\n<html lang="{escape(i18n.html_lang(language))}"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>\n"
        f"{banner}<h1>{escape(title)}</h1><p>{' &middot; '.join(escape(fact) for fact in facts)}</p>"
    )


def _findings(findings: Sequence[Finding], language: str) -> str:
    if not findings:
        return f"<h2>{escape(tell('Findings', language))}</h2><p>{escape(tell('None.', language))}</p>"
    rows = []
    for number, finding in enumerate(findings, start=1):
        words = describe_finding(finding, language)
        severity = codes.get_code_label("severity", finding.severity, language)
        rows.append(
            f'<tr id="f{number}"><td>{number}</td><td class="{finding.severity}">{escape(severity)}</td>'
            f"<td>{escape(str(finding.where)) or '-'}</td><td>{escape(words.message)}</td>"
            f"<td>{escape(words.remedy)}</td></tr>"
        )
    names = (
        tell("severity", language),
        tell("place", language),
        tell("what", language),
        tell("what to do", language),
    )
    head = f"<tr><th>#</th>{''.join(f'<th>{escape(name)}</th>' for name in names)}</tr>"
    title = tell("Findings ({number})", language, number=len(findings))
    return f'<h2>{escape(title)}</h2><div class="scroll" tabindex="0"><table>{head}{"".join(rows)}</table></div>'


def _legend(language: str) -> str:
    cells = "".join(
        f'<td style="background:{ROLES[role][0]}">{_role(role, language)}{_sign(role)}</td>' for role in _LEGEND
    )
    outlines = "".join(
        f'<td class="{s}">{escape(codes.get_code_label("severity", s, language))}</td>'
        for s in ("error", "warning", "information")
    )
    none = f'<td class="none">{escape(tell("not bound", language))}</td>'
    return f"<h2>{escape(tell('Legend', language))}</h2><table><tr>{cells}{none}{outlines}</tr></table>"


def _role(role: Role, language: str) -> str:
    return escape(i18n.gettext(ROLES[role][2], language))


def _sign(role: Role) -> str:
    sign = ROLES[role][1]
    return f' <sup class="s">{escape(sign)}</sup>' if sign else ""


def _numbered(findings: Sequence[Finding]) -> dict[Where, list[tuple[int, Finding]]]:
    numbered: dict[Where, list[tuple[int, Finding]]] = {}
    for number, finding in enumerate(findings, start=1):
        numbered.setdefault(finding.where, []).append((number, finding))
    return numbered


def _grid(grid: Grid, reading: Reading, language: str) -> Iterable[str]:
    bound = {(b.table, b.row, b.column): b for b in reading.bindings}
    findings_by_place = _numbered(reading.findings)
    for index, table in enumerate(grid.tables):
        yield _table(table, index, bound, findings_by_place, language, lettered=grid.format in STORES_NUMBERS)


def _table(
    table: SourceTable,
    index: int,
    bound: Mapping[tuple[int, int, int], Binding],
    findings_by_place: Mapping[Where, Sequence[tuple[int, Finding]]],
    language: str,
    *,
    lettered: bool,
) -> str:
    cells = {(c.row, c.column): c for c in table.cells}
    rows = max((r for r, _ in cells), default=0)
    columns = max((c for (_, c), cell in cells.items() if not is_blank(cell)), default=0)
    name = tell("{sheet} (hidden)", language, sheet=table.name) if table.hidden else table.name
    title = f"<p>{escape(table.title)}</p>" if table.title else ""
    letters = [column_letters(c) if lettered else str(c) for c in range(1, columns + 1)]
    head = "".join(f'<th class="pos">{letter}</th>' for letter in letters)
    body = []
    for row in range(1, min(rows, _MAX_ROWS) + 1):
        drawn = "".join(
            _cell(cells.get((row, c)), bound.get((index, row, c)), findings_by_place, cells, language)
            for c in range(1, columns + 1)
        )
        body.append(f'<tr><th class="pos">{row}</th>{drawn}</tr>')
    cut = _cut(many("{n} more row is not drawn.", "{n} more rows are not drawn.", rows - _MAX_ROWS, language), rows)
    return (
        f'<h2>{escape(name)}</h2>{title}<div class="scroll" tabindex="0"><table><tr><th></th>{head}</tr>'
        f"{''.join(body)}</table></div>{cut}"
    )


def _cut(words: str, count: int) -> str:
    return f"<p>{escape(words)}</p>" if count > _MAX_ROWS else ""


def _cell(
    cell: SourceCell | None,
    binding: Binding | None,
    findings_by_place: Mapping[Where, Sequence[tuple[int, Finding]]],
    cells: Mapping[tuple[int, int], SourceCell],
    language: str,
) -> str:
    if cell is not None and cell.spread and cell.anchor in cells:
        return _spread(cell, binding, language)
    where = cell.where if cell is not None else binding.where if binding is not None else None
    cell_findings = findings_by_place.get(where, ()) if where is not None else ()
    classes = ["n"] if cell is not None and cell.kind == "number" else []
    style, title = "", []
    if binding is not None:
        style = f' style="background:{ROLES[binding.role][0]}"'
        title = [i18n.gettext(ROLES[binding.role][2], language), *(f"{k}={v}" for k, v in binding.codes.items())]
    elif cell is not None and not is_blank(cell):
        classes.append("none")
        title = [tell("not bound", language)]
    if cell_findings:
        classes.append(min((f.severity for _, f in cell_findings), key=("error", "warning", "information").index))
    text = "" if cell is None or (binding is not None and binding.role == "contact") else cell.text
    if binding is not None and binding.role == "contact":
        text = tell("[contact]", language)
    links = "".join(f' <a href="#f{n}"><sup>{n}</sup></a>' for n, _ in cell_findings)
    place = str(where) if where is not None else ""
    tip = escape(", ".join([place, *title]), quote=True)
    sign = _sign(binding.role) if binding is not None else ""
    class_ = f' class="{" ".join(classes)}"' if classes else ""
    return f'<td{class_}{style} title="{tip}">{escape(text)}{sign}{links}</td>'


def _spread(cell: SourceCell, binding: Binding | None, language: str) -> str:
    style = f' style="background:{ROLES[binding.role][0]}"' if binding is not None else ""
    return f'<td{style} title="{escape(tell("{place}, merged", language, place=cell.where), quote=True)}">&#8203;</td>'


def _cube(cube: Cube, reading: Reading, language: str) -> str:
    bindings_by_place = {str(b.where): b for b in reading.bindings if b.role == "dimension"}
    blocks = []
    for dimension in cube.dimensions:
        rows = []
        for member in dimension.members:
            binding = bindings_by_place.get(str(Where(keyword=f"{dimension.id}={member.code}")))
            role: Role = "dimension" if binding is not None else "unknown"
            read_as = tell("not declared", language)
            if binding is not None:
                said_codes = ", ".join(f"{k}={v}" for k, v in binding.codes.items())
                read_as = said_codes or tell("nothing, as declared", language)
            label = next(iter(member.labels.values()), "")
            rows.append(
                f'<tr style="background:{ROLES[role][0]}"><td>{escape(member.code)}</td><td>{escape(label)}</td>'
                f"<td>{escape(read_as)}</td></tr>"
            )
        names = (tell("code", language), tell("label", language), tell("read as", language))
        head = f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in names)}</tr>"
        title = tell("Dimension {name}", language, name=dimension.id)
        blocks.append(f"<h2>{escape(title)}</h2><table>{head}{''.join(rows)}</table>")
    return "\n".join([*blocks, _observations(cube, reading, language)])


def _observations(cube: Cube, reading: Reading, language: str) -> str:
    findings_by_place = _numbered(reading.findings)
    head = "".join(f"<th>{escape(d.id)}</th>" for d in cube.dimensions)
    rows = []
    for observation in cube.observations[:_MAX_ROWS]:
        observation_findings = findings_by_place.get(observation.where, ())
        severity = min(
            (f.severity for _, f in observation_findings), key=("error", "warning", "information").index, default=""
        )
        links = "".join(f' <a href="#f{n}"><sup>{n}</sup></a>' for n, _ in observation_findings)
        value = observation.status or "" if observation.value is None else f"{observation.value:g}"
        keys = "".join(f"<td>{escape(code)}</td>" for code in observation.key)
        place = escape(str(observation.where))
        rows.append(f'<tr>{keys}<td class="n {severity}">{escape(value)}{links}</td><td class="pos">{place}</td></tr>')
    count = len(cube.observations)
    words = many(
        "{n} more observation is not drawn.", "{n} more observations are not drawn.", count - _MAX_ROWS, language
    )
    head = f"<tr>{head}<th>{escape(tell('value', language))}</th><th>{escape(tell('place', language))}</th></tr>"
    title = escape(tell("Observations", language))
    table = f"<table>{head}{''.join(rows)}</table>"
    return f'<h2>{title}</h2><div class="scroll" tabindex="0">{table}</div>{_cut(words, count)}'
