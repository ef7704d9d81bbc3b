"""Choose the advice for a failed run, and find what it concerns, from the class and the message of its error."""

from __future__ import annotations

import re
from typing import Literal

from pipelines.core.storage_faults import find_fault, is_server_away

Remedy = Literal["disk", "memory", "clock", "damaged", "busy", "database", "read"]
"""`read`: nothing is known about the cause, so a person reads the page of the run."""
_BY_CLASS: dict[str, Remedy] = {
    "ClockSetBackError": "clock",
    "HomeBusyError": "busy",
    "StoreError": "damaged",
    "IntegrityError": "damaged",
    "MemoryError": "memory",
}
_FACTS_CHECK = "facts_match_ledger"
_RETURN = re.compile(r"\bS[0-9a-f]{15}\b")


def choose_remedy(cause: str, message: str) -> Remedy:
    """Return the advice for an error; `message` is not kept, because it may contain figures and names."""
    if cause in _BY_CLASS:
        return _BY_CLASS[cause]
    if _FACTS_CHECK in message:
        return "damaged"
    # Dagster and dbt pass on only the message of an error, so it is recognised as that of an unknown one.
    fault = find_fault(RuntimeError(message))
    if fault is None:
        return "database" if cause == "OperationalError" and is_server_away(message) else "read"
    if fault.kind == "memory":
        return "memory"
    return "damaged" if fault.kind in ("damaged", "unreadable") else "disk"


def find_territory(step: str) -> str:
    """Return the territory of a step such as `returns__AL`, empty for a step of all territories."""
    group, _, territory = step.partition("__")
    return territory if group == "returns" else ""


def find_returns(*texts: str) -> tuple[str, ...]:
    """Return the ids of the returns that errors name, in order and each once."""
    return tuple(sorted({identity for text in texts for identity in _RETURN.findall(text)}))
