"""Make the commands of `rti` from their functions once for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import pytest


@contextmanager
def share_commands() -> Iterator[None]:
    """Let each call of `main` use the same commands while the block runs.

    Typer would make them for each call, which takes 45 ms: half of the time of tests that call several commands.
    """
    import typer.main

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield
