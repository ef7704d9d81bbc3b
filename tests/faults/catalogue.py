"""All planted faults, by family."""

from __future__ import annotations

from functools import cache

from tests.faults import (
    cooperation,
    copies,
    metadata,
    missing,
    parts,
    personal,
    reading,
    records,
    requests,
    series,
    structure,
)
from tests.faults.fault import Fault

_GROUPS = (reading, personal, series, parts, missing, metadata, records, copies, structure, cooperation, requests)


@cache
def list_all_faults() -> tuple[Fault, ...]:
    """Return every planted fault, each under a name of its own."""
    every = tuple(fault for group in _GROUPS for fault in group.list_faults())
    names = [fault.name for fault in every]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    return every
