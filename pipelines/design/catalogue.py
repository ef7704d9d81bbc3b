"""Write the page that shows all components with examples: `python -m pipelines.design.catalogue`.

The page is `docs/design.html`. It contains the style sheet, so that it can be opened anywhere; its examples are
rendered by the macros that the pages use.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from markupsafe import Markup

from pipelines.design import components
from pipelines.design.assets import STYLE
from pipelines.design.contrasts import list_contrasts, read_tokens
from pipelines.design.environment import make_environment, mark_code
from pipelines.design.examples import COMPONENTS

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "design.html"


def render_catalogue() -> str:
    """Return the page with tokens, their contrasts, and every component with its examples."""
    environment = make_environment()
    table = components.PageTable(
        "Returns of the third quarter",
        "Return",
        ["State", "Persons"],
        [
            components.PageRow(components.render_link("Office A", "#content"), (_good_badge(), "14")),
            components.PageRow(
                "Office B", (components.render_badge("error", "✖", "Draft with errors"), "1,203"), kind="error"
            ),
        ],
        numbers=frozenset({1}),
    )
    wide_table = components.PageTable(
        "Quarterly returns",
        "Office",
        ["2026-Q3\n2026-11-14", "On time"],
        [components.PageRow("Office A: Justice counts", (_good_badge(), "8 of 8"), kind="warning", anchor="row")],
        wide=True,
    )
    static_table = components.PageTable(
        "Persons by year", "Area", ["2024", "2025", "Clear change?"],
        [components.PageRow("Albania", ("12", "1,203", "clear rise"))], frozenset({0, 1}), name="persons",
    )  # fmt: skip
    page_groups = [
        {
            "title": "Reporting",
            "pages": [
                {"title": "Returns", "address": "#content", "current": "page"},
                {"title": "Upload a return", "address": "#content", "current": ""},
            ],
        },
        {"title": "People and settings", "pages": [{"title": "My account", "address": "#content", "current": ""}]},
    ]
    importing = '{% import "design/components.html" as ui %}'
    entries = [
        (
            component,
            mark_code(component.use),
            [
                # The focus stays at the top of this page.
                (
                    source,
                    Markup(  # noqa: S704 - rendered by a template that escapes
                        environment.from_string(importing + source)
                        .render(
                            table=table,
                            wide_table=wide_table,
                            static_table=static_table,
                            page_groups=page_groups,
                            csrf="…",
                        )
                        .replace(" autofocus", "")
                    ),
                )
                for source in component.examples
            ],
        )
        for component in COMPONENTS
    ]
    tokens = read_tokens()
    text = environment.get_template("design/catalogue.html").render(
        title="Design system",
        lang="en",
        demonstration=False,
        tell=str,
        style=Markup("\n".join(path.read_text(encoding="utf-8") for path in STYLE)),  # noqa: S704 - our own CSS
        tokens=tokens,
        colours=[name for name, value in tokens.items() if value.startswith("#")],
        contrasts=list_contrasts(),
        components=entries,
    )
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _good_badge() -> Markup:
    return components.render_badge("good", "✔", "Approved")


def main() -> None:
    """Write the page."""
    PAGE.write_text(render_catalogue(), encoding="utf-8")


if __name__ == "__main__":
    main()
