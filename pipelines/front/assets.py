"""The style sheet and the script of the static pages, shortened and under names that change with their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import Final

from pipelines.design.assets import READING_STYLE
from pipelines.front.charts import fit as charts

_HERE: Final = Path(__file__).parent
_STYLE: Final = (*READING_STYLE, charts.CSS, _HERE / "front.css")
COPYING_SCRIPT: Final = _HERE / "copying.js"
"""Script that copies a table; those of the static pages and of the explorer begin with it."""
_SCRIPT: Final = (COPYING_SCRIPT, _HERE / "front.js")


def write_assets(target: Path) -> tuple[str, str]:
    """Write the style sheet and the script of all pages to a folder; return the names of the two files."""
    script = shorten_script(_join_files(_SCRIPT))
    return _write_file(target, "style", ".css", read_style()), _write_file(target, "script", ".js", script)


def _write_file(target: Path, name: str, ending: str, text: str) -> str:
    """Write a file with its digest in its name; return the name."""
    content = text.encode()
    file = f"{name}-{hashlib.sha256(content).hexdigest()[:16]}{ending}"
    (target / file).write_bytes(content)
    return file


def read_style() -> str:
    """Return the style sheet of all pages, shortened."""
    return shorten_names(shorten_style(_join_files(_STYLE)))


def shorten_style(style: str) -> str:
    """Return a style sheet without comments, last semicolons, and spaces around braces, signs and names of properties.

    What is in quotation marks is kept.
    """
    without_comments = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    compact = re.sub(r"\s*([{};])\s*", r"\1", without_comments).strip()
    without_spaces = re.sub(r"([({;][\w-]+): ", r"\1:", compact).replace(";}", "}")
    return re.sub(
        r'("[^"]*")|(,) | (>) | (!)', lambda found: "".join(part or "" for part in found.groups()), without_spaces
    )


def shorten_names(style: str) -> str:
    """Return a style sheet whose own properties (`--rti-text`) have names of one or two letters."""
    names = list(dict.fromkeys(re.findall(r"--[a-z][\w-]*", style)))
    letters = [*ascii_lowercase, *(first + second for first in "xyz" for second in ascii_lowercase)]
    short = {name: f"--{letter}" for name, letter in zip(names, letters[: len(names)], strict=True)}
    return re.sub(r"--[a-z][\w-]*", lambda name: short[name[0]], style)


def shorten_script(script: str) -> str:
    """Return a script without indentation, empty lines and comments. It must not have texts of several lines."""
    lines = (line.strip() for line in script.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")) + "\n"


def _join_files(paths: Sequence[Path]) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)
