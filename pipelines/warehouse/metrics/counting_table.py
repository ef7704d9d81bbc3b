"""The table of declared counting rules in `docs/methodology/counting.md`."""

from __future__ import annotations

from pathlib import Path

from pipelines.declarations import registry as registry_
from pipelines.declarations.registry import Registry
from pipelines.declarations.territory import STATEMENTS, CountingRule
from pipelines.warehouse.metrics.counting import contradictions, title, value_in_words

PAGE = Path(__file__).resolve().parents[3] / "docs" / "methodology" / "counting.md"
BEGIN, END = "<!-- counting rules: made, do not edit -->", "<!-- counting rules: end -->"
PERIOD = "2026"
"""The year whose forms are held against the rules."""


def table(registry: Registry) -> str:
    """A Markdown table, one row a rule: bold what was read in a document, and behind a value what a form says
    instead."""
    heads = ["Jurisdiction", "Level", "Periods", *(title(what) for what in STATEMENTS), "Otherwise"]
    lines = [heads, ["---"] * len(heads)]
    for territory in registry.territories.values():
        lines += [_row(rule, registry) for rule in territory.counting_rules]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _row(rule: CountingRule, registry: Registry) -> list[str]:
    forms = contradictions(rule, registry, PERIOD)
    return [
        f"`{rule.jurisdiction}`",
        f"`{rule.level}`",
        rule.valid or "all",
        *(_cell(what, rule, forms.get(what, ())) for what in STATEMENTS),
        rule.status,
    ]


def _cell(what: str, rule: CountingRule, forms: tuple[str, ...]) -> str:
    value = getattr(rule, what)
    code = ("yes" if value else "no") if isinstance(value, bool) else value
    words = value_in_words(what, code)
    words = f"**{words}**" if what in rule.read else words
    said = ", ".join(value_in_words(what, form) for form in forms)
    return f"{words} (form: {said})" if said else words


def in_page(page: str, made: str) -> str:
    """A page's text with the table between its two marks. Raises ValueError where a mark is missing."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks {BEGIN} or {END}; write both on lines of their own")
    return f"{before}{begin}\n\n{made}\n{end}{after}"


def declared() -> Registry:
    """The national territories of the package, whatever `RTI_TERRITORIES` adds."""
    return registry_.load_from((registry_.TERRITORIES,)).national()


def main() -> None:
    """Write the table into the page."""
    PAGE.write_text(in_page(PAGE.read_text(encoding="utf-8"), table(declared())), encoding="utf-8")


if __name__ == "__main__":
    main()
