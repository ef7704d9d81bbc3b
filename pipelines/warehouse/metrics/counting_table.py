"""Write the table of declared counting rules into `docs/methodology/counting.md`."""

from __future__ import annotations

from pathlib import Path

from pipelines.declarations import registry as registry_
from pipelines.declarations.registry import Registry
from pipelines.declarations.territory import STATEMENTS, CountingRule
from pipelines.warehouse.metrics.counting import find_contradictions, statement_title, value_in_words

PAGE = Path(__file__).resolve().parents[3] / "docs" / "methodology" / "counting.md"
BEGIN, END = "<!-- counting rules: made, do not edit -->", "<!-- counting rules: end -->"
PERIOD = "2026"
"""The year whose forms are compared with the rules."""


def render_table(registry: Registry) -> str:
    """Return a Markdown table with one row for each rule.

    Values that were read in a document are bold; a contradicting value of a form follows in brackets.
    """
    titles = [statement_title(statement) for statement in STATEMENTS]
    heads = ["Jurisdiction", "Level", "Periods", *titles, "Other values"]
    lines = [heads, ["---"] * len(heads)]
    for territory in registry.territories.values():
        lines += [_row(rule, registry) for rule in territory.counting_rules]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def _row(rule: CountingRule, registry: Registry) -> list[str]:
    forms = find_contradictions(rule, registry, PERIOD)
    return [
        f"`{rule.jurisdiction}`",
        f"`{rule.level}`",
        rule.valid or "all",
        *(_cell(statement, rule, forms.get(statement, ())) for statement in STATEMENTS),
        rule.status,
    ]


def _cell(statement: str, rule: CountingRule, forms: tuple[str, ...]) -> str:
    value = getattr(rule, statement)
    code = ("yes" if value else "no") if isinstance(value, bool) else value
    words = value_in_words(statement, code)
    words = f"**{words}**" if statement in rule.read else words
    form_values = ", ".join(value_in_words(statement, form) for form in forms)
    return f"{words} (form: {form_values})" if form_values else words


def in_page(page: str, made: str) -> str:
    """Return the page with the table between its two markers. Raises ValueError if a marker is missing."""
    before, begin, after_begin = page.partition(BEGIN)
    _, end, after = after_begin.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name} lacks {BEGIN} or {END}; write both on lines of their own")
    return f"{before}{begin}\n\n{made}\n{end}{after}"


def read_national_registry() -> Registry:
    """Return the national territories in the package, without those that `RTI_TERRITORIES` adds."""
    return registry_.load_from((registry_.TERRITORIES,)).without_training()


def main() -> None:
    """Write the table into the page."""
    PAGE.write_text(in_page(PAGE.read_text(encoding="utf-8"), render_table(read_national_registry())), encoding="utf-8")


if __name__ == "__main__":
    main()
