"""Refuse files that name a package registry's host or a path of one machine.

Run as `python -m tests.support.addresses FILE...` by the commit hook. A host is kept in two parts, so that this file
does not hold what it refuses.
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


def faults(text: str) -> Iterator[tuple[int, str]]:
    """Line number and what stands there, for each address in a text."""
    for number, line in enumerate(text.splitlines(), start=1):
        for pattern in (_HOST, _PATH):
            for found in pattern.finditer(line):
                yield number, found.group()


def main(names: list[str]) -> int:
    """Say where each fault is; 1 where there is one."""
    status = 0
    for name in names:
        for number, what in faults(Path(name).read_text(encoding="utf-8", errors="replace")):
            print(f"{name}:{number}: {what} is of one machine or one registry; say it by a name or a variable")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
