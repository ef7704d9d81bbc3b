"""Import a package without some of the libraries that it imports, until one of them is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class LateModule(ModuleType):
    """Stand-in that imports its module when an attribute is read."""

    def __getattr__(self, name: str) -> Any:
        """Return the attribute of the imported module, except for what the import system looks for."""
        if name.startswith("__"):
            raise AttributeError(name)
        _remove_stand_in(self)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def import_late(*names: str) -> Iterator[None]:
    """Put stand-ins in the place of modules that are not loaded yet, for imports inside the block.

    Imports after the block load those modules themselves. A stand-in that the block has left somewhere loads its module
    when it is used.
    """
    stand_ins = [LateModule(name) for name in names if name not in sys.modules]
    sys.modules.update({module.__name__: module for module in stand_ins})
    try:
        yield
    finally:
        for module in stand_ins:
            _remove_stand_in(module)


def _remove_stand_in(module: ModuleType) -> None:
    if sys.modules.get(module.__name__) is module:
        del sys.modules[module.__name__]
