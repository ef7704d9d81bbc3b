"""Refuse files that name a package registry's host or a path of one machine.

Run as `python -m tests.support.addresses FILE...` by the commit hook. A host is written in two parts, so that this file
does not contain what it refuses.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

_HOSTS = (
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("anaconda", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("crates", "io"),
    ("rubygems", "org"),
    ("proxy.golang", "org"),
    ("r-project", "org"),
)
_HOST = re.compile(r"\b(?:" + "|".join(rf"{re.escape(name)}\.{end}" for name, end in _HOSTS) + r")\b", re.IGNORECASE)
_PATH = re.compile(
    r"(?<![\w.$})*~>-])/(?:work|root|tmp|(?:home|Users)/[\w.-]+)(?:/|\b)(?!\w)|\b[A-Z]:\\\\?(?:Users|Documents)"
)


def find_faults(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line number and the text of each address in a text."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern in (_HOST, _PATH):
            for match in pattern.finditer(line):
                yield number, match.group()


def main(names: list[str]) -> int:
    """Print where each fault is; return 1 if there is one."""
    status = 0
    for name in names:
        for number, address in find_faults(Path(name).read_text(encoding="utf-8", errors="replace")):
            print(f"{name}:{number}: {address} is of one machine or one registry; say it by a name or a variable")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
