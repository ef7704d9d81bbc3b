"""Import a package without some of the libraries that it imports, until one of them is used."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class LateModule(ModuleType):
    """Proxy of a module, which it imports when an attribute is read."""

    def __getattr__(self, name: str) -> Any:
        """Return the attribute of the imported module, except for what the import system looks for."""
        if name.startswith("__"):
            raise AttributeError(name)
        _remove_proxy(self)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def import_late(*names: str) -> Iterator[None]:
    """Replace modules that are not loaded yet by proxies, for imports inside the block.

    Imports after the block load those modules themselves. A proxy that the block has left somewhere loads its module
    when it is used.
    """
    proxies = [LateModule(name) for name in names if name not in sys.modules]
    sys.modules.update({module.__name__: module for module in proxies})
    try:
        yield
    finally:
        for module in proxies:
            _remove_proxy(module)


def _remove_proxy(module: ModuleType) -> None:
    if sys.modules.get(module.__name__) is module:
        del sys.modules[module.__name__]
