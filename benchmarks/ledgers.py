"""Invented ledgers of any length, entered as rows, to measure costs that grow with the history without reading files.

The first 280 returns are different ones, of seven quarters; up to 2,800 they come again, in ten editions: then every
block has nine accepted successors or predecessors, the hardest case for "which later return supersedes this
one". After that the next seven quarters follow in the same way. What is open (waiting for a check, for an explanation,
for an approval) is the same at every length, as it is in an office.
"""

from __future__ import annotations

import csv
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from pipelines.core import clock
from pipelines.ledger.database import open_write_transaction
from pipelines.ledger.schema import BLOCK, EVENT, JUSTIFICATION, SUBMISSION
from pipelines.submissions.arrivals import ListedArrival

RETURNS, EDITIONS = 280, 10
"""Different returns of seven quarters, and how often each of them comes."""
JURISDICTIONS = tuple(f"Q{letter}" for letter in "ABCDEFGHIJ")
INSTRUMENTS = ("justice", "register", "victims", "cooperation")
BLOCKS = 3
"""Periods of each return: it brings the two before it again."""
OPEN = ("received", "received", "checked", "checked", "checked", "sent", "sent", "sent", "sent", "sent")
"""States of the newest submissions, whatever the length."""
REFUSED_EVERY = 50
"""One submission in this many has errors."""
BEGIN = datetime(2002, 1, 5, 8, tzinfo=UTC)
STEP = timedelta(minutes=7)
_STEPS = {"received": 1, "refused": 2, "checked": 2, "sent": 4, "published": 6}
_EVENTS = (
    ("receive", None, "received"), ("check", "received", "checked"), ("justify", "checked", "checked"),
    ("send", "checked", "sent"), ("approve", "sent", "approved"), ("publish", "approved", "published"),
)  # fmt: skip


def fill_ledger(engine: sa.Engine, submissions: int) -> None:
    """Enter that many submissions with blocks, events and justifications into an empty ledger."""
    rows: dict[sa.Table, list[dict[str, object]]] = {t: [] for t in (SUBMISSION, BLOCK, EVENT, JUSTIFICATION)}
    for number in range(submissions):
        for table, new_rows in _submission(number, submissions).items():
            rows[table] += new_rows
    for number, row in enumerate(sorted(rows[EVENT], key=lambda row: str(row["at"])), start=1):
        row["event_id"] = number
    with open_write_transaction(engine) as connection:
        for table, new_rows in rows.items():
            connection.execute(sa.insert(table), new_rows)


def settle_submissions(engine: sa.Engine) -> None:
    """Mark everything unsent as checked by today's declarations and rules, and leave nothing waiting."""
    from pipelines.declarations.registry import load
    from pipelines.submissions.checking.check import rules_version

    checked = {"declaration_hash": load().digest, "rules_version": rules_version()}
    with open_write_transaction(engine) as connection:
        connection.execute(sa.update(SUBMISSION).values(checked))
        connection.execute(sa.update(SUBMISSION).where(SUBMISSION.c.state == "received").values(state="checked"))


def write_arrivals(folder: Path, returns: int) -> None:
    """Write a list of arrivals of that length, none of which waits for a decision."""
    folder.mkdir(parents=True)
    names = list(ListedArrival.__dataclass_fields__)
    with (folder / "arrivals.csv").open("w", encoding="utf-8", newline="") as handle:
        rows = csv.writer(handle)
        rows.writerow(names)
        for number in range(returns):
            values = {"file": f"{number}.csv", "sha256": f"{number:064x}", "received_at": clock.format_timestamp(BEGIN)}
            rows.writerow([values.get(name, "x") for name in names])


def submission_id(number: int) -> str:
    """Return the id of a submission by its number, from 0."""
    return "S" + hashlib.sha256(str(number).encode()).hexdigest()[:15]


def submission_state(number: int, submissions: int) -> str:
    """Return the state of a submission by its number."""
    newest = submissions - 1 - number
    if newest < len(OPEN):
        return OPEN[newest]
    return "refused" if number % REFUSED_EVERY == REFUSED_EVERY - 1 else "published"


def block_keys(number: int) -> list[tuple[str, str, str]]:
    """Return (jurisdiction, instrument, period) of the blocks of a submission."""
    place = number % RETURNS
    jurisdiction, instrument = JURISDICTIONS[place % 10], INSTRUMENTS[place // 10 % 4]
    newest = number // (RETURNS * EDITIONS) * 7 + place // 40
    quarters = range(max(0, newest + 1 - BLOCKS), newest + 1)
    return [(jurisdiction, instrument, f"{2000 + q // 4}-Q{q % 4 + 1}") for q in quarters]


def arrival_time(number: int) -> str:
    """Return when a submission came in; two of them come in at a time."""
    return clock.format_timestamp(BEGIN + STEP * (number // 2 * 2))


def _submission(number: int, submissions: int) -> dict[sa.Table, list[dict[str, object]]]:
    identity, now = submission_id(number), submission_state(number, submissions)
    blocks_of_submission = block_keys(number)
    jurisdiction, instrument, _ = blocks_of_submission[-1]
    came = clock.parse_time(arrival_time(number))
    at = [clock.format_timestamp(came + timedelta(minutes=minutes)) for minutes in (0, 1, 2, 3, 4, 5)]
    finding = hashlib.sha256(identity.encode()).hexdigest()[:16]
    row = {
        "submission_id": identity,
        "sha256": hashlib.sha256(identity.encode()).hexdigest(),
        "size": 20_000,
        "filename": f"return-{number}.xlsx",
        "format": "xlsx",
        "territory": jurisdiction,
        "form": f"{jurisdiction}-{instrument.upper()}-1",
        "kind": "full",
        "received_at": arrival_time(number),
        "sender": f"{jurisdiction.lower()}-sender",
        "state": now,
        "accepted_at": at[4] if now == "published" else None,
        "declaration_hash": None if now == "received" else "d" * 64,
        "rules_version": None if now == "received" else "1",
        "errors": int(now == "refused"),
        "warnings": 1,
        "informations": 0,
        "demonstration": True,
        "jurisdiction": jurisdiction,
        "instrument": instrument,
    }
    blocks = [
        {
            "submission_id": identity, "jurisdiction": place, "instrument": instrument_name,
            "form": f"{place}-{instrument_name.upper()}-OFFICE",
            "freq": "Q", "period": period, "rows": 40, "nil": False,
        }
        for place, instrument_name, period in blocks_of_submission
    ]  # fmt: skip
    events = []
    for step, (action, source, target) in enumerate(_EVENTS[: _STEPS[now]]):
        payload = {"justifiable": [[finding, "plausible.jump"]]} if action == "check" else None
        events.append(
            {
                "submission_id": identity, "at": at[step], "actor": row["sender"] if step in (0, 2, 3) else "system",
                "action": action, "from_state": source, "to_state": "refused" if now == "refused" and step else target,
                "comment": "One case with eleven defendants" if action == "send" else None, "payload": payload,
            }
        )  # fmt: skip
    justifications = [
        {
            "submission_id": identity, "finding_key": finding, "rule": "plausible.jump", "reason": "large_case",
            "text": "One case with eleven defendants", "actor": row["sender"], "at": at[2],
        }
    ] if now in ("sent", "published") else []  # fmt: skip
    return {SUBMISSION: [row], BLOCK: blocks, EVENT: events, JUSTIFICATION: justifications}
