"""Build the Jinja environment of server-rendered pages."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup, escape

_HERE = Path(__file__).parent
TEMPLATES = _HERE / "templates"


def make_environment(*folders: Path) -> Environment:
    """Return an environment for the templates in `folders`, which find those of the design system under `design/`.

    Everything is escaped unless it is `Markup`, and an unknown name is an error instead of an empty text. The filter
    `code` is `mark_code`.
    """
    design = PrefixLoader({"design": FileSystemLoader(TEMPLATES)})
    environment = Environment(
        loader=ChoiceLoader([*(FileSystemLoader(folder) for folder in folders), design]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Templates are part of the package and do not change while a process runs.
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters["code"] = mark_code
    return environment


def mark_code(text: str | Markup) -> Markup:
    """Return a sentence with what is between backticks, such as a command, as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped first
