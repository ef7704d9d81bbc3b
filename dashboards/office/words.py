"""Hold the words that several portal pages share: states, severities, roles, actions, periods, times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from pipelines.core import clock, codes
from pipelines.core.i18n import mark, tell
from pipelines.core.i18n.periods import format_period as format_period
from pipelines.words.language import format_number, read_in

if TYPE_CHECKING:
    from pipelines.ledger.identity import Grant
    from pipelines.submissions.service import SubmissionEntry

Sign = tuple[str, str, str]
"""Kind (a CSS class), sign, source text."""

STATES: Mapping[str, Sign] = {
    "received": ("draft", "◌", mark("Received, not yet checked")),
    "checked": ("draft", "◐", mark("Draft, not yet sent")),
    "refused": ("error", "✖", mark("Draft with errors")),
    "sent": ("sent", "➜", mark("Sent, waiting for approval")),
    "approved": ("good", "✔", mark("Approved")),
    "published": ("good", "★", mark("Published")),
    "replaced": ("off", "⇄", mark("Replaced")),
    "withdrawn": ("off", "⊘", mark("Withdrawn")),
}
"""States of the ledger, and `replaced`: accepted, but later returns have replaced all of it."""
SEVERITIES: Mapping[str, Sign] = {
    "error": ("error", "✖", mark("Error")),
    "warning": ("warning", "▲", mark("Warning")),
    "information": ("information", "i", mark("Information")),
}
ROLES: Mapping[str, str] = {
    "viewer": mark("may see"),
    "submitter": mark("may submit"),
    "approver": mark("may approve"),
    "steward": mark("steward"),
}
ACTIONS: Mapping[str, str] = {
    "receive": mark("Received"),
    "check": mark("Checked"),
    "justify": mark("Warning explained"),
    "send": mark("Sent for approval"),
    "approve": mark("Approved"),
    "give_back": mark("Returned with a comment"),
    "publish": mark("Published"),
    "ask_withdrawal": mark("Withdrawal requested"),
    "withdraw": mark("Withdrawn"),
}
KINDS: Mapping[str, str] = {
    "full": mark("Whole return: what it leaves out is withdrawn"),
    "patch": mark("Corrections only: what it leaves out stays as it was"),
    "nil": mark("Nil return: there was nothing to report"),
}
WHOLE = mark("Whole return")
"""The kind `full` of a return that replaces none: it leaves nothing out that could be withdrawn."""
_BRACKETS = re.compile(r"\([^()]*\)")
SYSTEM, COLLEAGUE = mark("The system"), mark("A colleague")


def state_to_show(entry: SubmissionEntry) -> str:
    """Return the code of the state to show."""
    return "replaced" if entry.is_replaced else entry.state


def describe_state(code: str, language: str) -> Sign:
    """Return the state of a submission: kind, sign, words."""
    kind, sign, text = STATES[code]
    return kind, sign, tell(text, language)


def describe_severity(code: str, language: str) -> Sign:
    """Return a severity: kind, sign, words."""
    kind, sign, text = SEVERITIES[code]
    return kind, sign, tell(text, language)


def describe_code(source: Mapping[str, str], code: str, language: str) -> str:
    """Return the words of a code in one of the lists above; the code itself if an older entry has another code."""
    return tell(source[code], language) if code in source else code  # marked above


def describe_kind(kind: str | None, language: str, *, replaces: bool) -> str:
    """Return the kind of a return in words; what a whole return withdraws is said only if it replaces one."""
    if (kind or "full") == "full" and not replaces:
        return tell(WHOLE, language)  # marked above
    return describe_code(KINDS, kind or "full", language)


def label_of(codelist: str, code: str, language: str) -> str:
    """Return the label of a code; the code itself if the list lacks it."""
    try:
        return codes.get_code_label(codelist, code, language)
    except codes.UnknownCodeError:
        return code


def format_time(stamp: str | None) -> str:
    """Format a ledger time stamp, the same in every language: `2026-11-20 09:00 UTC`."""
    return f"{clock.parse_time(stamp):%Y-%m-%d %H:%M} UTC" if stamp else ""


def format_day(stamp: str | None) -> str:
    """Format the date of a ledger time stamp."""
    return f"{clock.parse_time(stamp):%Y-%m-%d}" if stamp else ""


def format_periods(codes_: Iterable[str], language: str) -> str:
    """Format several periods in order; more than two are shortened to the first and the last."""
    every = sorted(set(codes_))
    if len(every) > 2:
        first, last = format_period(every[0], language), format_period(every[-1], language)
        text = tell("{first} to {last} ({n} periods)", language, first=first, last=last, n=len(every))
        return _BRACKETS.sub(lambda brackets: brackets[0].replace(" ", "\N{NO-BREAK SPACE}"), text)
    return ", ".join(format_period(code, language) for code in every)


def format_size(count: int, language: str) -> str:
    """Format a number of bytes, with the decimal sign of a language."""
    size, unit = (count / 1_000_000, "MB") if count >= 100_000 else (max(count / 1_000, 0.1), "kB")
    with read_in(language):
        return f"{format_number(size, 1)} {unit}"


def roles_by_pair(grants: Sequence[Grant]) -> dict[tuple[str, str], list[str]]:
    """Return roles by (jurisdiction, instrument), in the order of the pairs."""
    roles_by_pair: dict[tuple[str, str], list[str]] = {}
    for grant in sorted(grants, key=lambda g: (g.jurisdiction, g.instrument, g.role)):
        roles_by_pair.setdefault((grant.jurisdiction, grant.instrument), []).append(grant.role)
    return roles_by_pair
