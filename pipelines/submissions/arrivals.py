"""The demonstration's arrivals: what the folder of invented returns says came when, from whom, and how it was
decided.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import clock
from pipelines.ledger import queries
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.submissions import ledger, store
from pipelines.submissions.accounts import accounts
from pipelines.submissions.ledger import Act, Arrival, Justification, Refusals

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home

CHECKED_AFTER = timedelta(minutes=1)
SENT_AFTER = timedelta(hours=1)
APPROVED_AFTER = timedelta(hours=4)
"""The list says when a return arrived; the demonstration's other acts follow it by these times."""


class ArrivalsError(Exception):
    """The list of arrivals is missing, or does not fit the files beside it. The text says what to do."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of `arrivals.csv`. `file` is relative to the folder; `corrects` is the `file` of an earlier line."""

    file: str
    sha256: str
    received_at: datetime
    sender: str
    approver: str
    kind: str
    jurisdiction: str
    instrument: str
    periods: str
    corrects: str
    justification_reason: str
    justification_text: str

    @property
    def filename(self) -> str:
        """The name under which the office sent it."""
        return Path(self.file).name


def read_list(folder: Path) -> tuple[Listed, ...]:
    """Return the lines of `arrivals.csv`, by arrival. Raises ArrivalsError."""
    return _parse(*_content(folder))


def read_identities(folder: Path) -> Mapping[str, Listed]:
    """Return the lines of `arrivals.csv` by the ids of their submissions, by arrival. Raises ArrivalsError."""
    return _by_identity(*_content(folder))


def _content(folder: Path) -> tuple[Path, bytes]:
    path = folder / "arrivals.csv"
    try:
        return path, path.read_bytes()
    except FileNotFoundError:
        raise ArrivalsError(f"there is no {path}; write the demonstration returns with `make samples`") from None


@lru_cache(maxsize=2)
def _parse(path: Path, content: bytes) -> tuple[Listed, ...]:
    """Parse a list once, however often a refresh asks for it; other bytes are another list."""
    names = Listed.__dataclass_fields__
    rows = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))
    if missing := set(names) - set(rows.fieldnames or ()):
        raise ArrivalsError(f"{path} lacks the columns {', '.join(sorted(missing))}; write it with `make samples`")
    listed = [
        Listed(**{n: row[n] for n in names if n != "received_at"}, received_at=clock.parse(row["received_at"]))
        for row in rows
    ]
    return tuple(sorted(listed, key=lambda one: (one.received_at, one.file)))


@lru_cache(maxsize=2)
def _by_identity(path: Path, content: bytes) -> Mapping[str, Listed]:
    return {_arrival(one, 0, {}).submission_id: one for one in _parse(path, content)}


def enter(home: Home, engine: sa.Engine, folder: Path) -> int:
    """Enter the listed files that have arrived by now, in one transaction; returns how many were new.

    Entering a folder twice does nothing the second time. Raises ArrivalsError for a real home, for a file that is not
    there, and for one whose bytes are not those of the list.
    """
    if home.kind != "demonstration":
        raise ArrivalsError(f"{home.root} is a real home and takes no invented returns; make a demonstration home")
    now = clock.now()
    arrived = {identity: one for identity, one in read_identities(folder).items() if one.received_at <= now}
    identities = {one.file: identity for identity, one in arrived.items()}
    known = queries.known_ids(engine, arrived)
    ensure_accounts(engine, folder)
    arrivals = []
    for one in (one for identity, one in arrived.items() if identity not in known):
        data = _bytes(folder, one)
        store.point(home, one.sha256, folder / one.file)  # kept by its check, once it was scanned for persons
        arrivals.append(_arrival(one, len(data), identities))
    return sum(r.new for r in ledger.receive_many(engine, arrivals, again=True))


def decide(home: Home, engine: sa.Engine, folder: Path) -> Refusals:
    """Justify, send and approve, as the list says, every checked return of the list; a transaction for each step.

    A return that came without a justification and has warnings stays unsent, as it would in life. Returns why the
    others could not be decided.
    """
    now = clock.now()
    by_id = read_identities(folder)
    undecided = queries.submissions(engine, states=["checked", "sent"])
    states = {
        s.submission_id: s.state
        for s in undecided
        if s.submission_id in by_id and by_id[s.submission_id].received_at <= now
    }
    checked = [i for i, state in states.items() if state == "checked"]
    told = [
        Justification(i, one.justification_reason, one.justification_text, one.sender, None, _sent_at(one, now))
        for i in checked
        if (one := by_id[i]).justification_reason
    ]
    refused = ledger.justify_many(engine, told) if told else {}
    to_send = [i for i in checked if i not in refused]
    reasons = _reasons(engine, by_id, to_send)
    refused |= ledger.send_many(
        engine,
        [Act(i, by_id[i].sender, _sent_at(by_id[i], now), reason=reasons.get(i)) for i in to_send],
    )
    to_approve = [i for i, state in states.items() if (state == "sent" or i in to_send) and i not in refused]
    due = [Act(i, by_id[i].approver, by_id[i].received_at + APPROVED_AFTER) for i in to_approve]
    return refused | ledger.approve_many(engine, home, [a for a in due if a.at is None or a.at <= now])


def _sent_at(one: Listed, now: datetime) -> datetime:
    """When a listed return is sent, never after the clock: the ledger refuses what is dated before its entries."""
    return min(one.received_at + SENT_AFTER, now)


def _reasons(engine: sa.Engine, by_id: Mapping[str, Listed], to_send: Sequence[str]) -> dict[str, str]:
    """Why the returns about to be sent replace what they replace; the list does not say it in so many words.

    What `corrects` another mends an error of its source; what comes again for the same periods brings late data.
    """
    from pipelines.ledger.database import reading

    with reading(engine) as connection:
        keys = queries.block_keys(connection, to_send)
        before: set[queries.BlockKey] = set().union(*queries.replaced_blocks(connection, to_send).values())
    out = {}
    for identity in sorted(to_send, key=lambda i: (by_id[i].received_at, i)):
        own = keys.get(identity, set())
        if own & before:
            out[identity] = "source_error" if by_id[identity].corrects else "late_data"
        before |= own
    return out


def ensure_accounts(engine: sa.Engine, folder: Path | None = None) -> int:
    """The accounts of a demonstration, made where they are not there: the local `sender`, `approver` and `steward` of
    everything, and each sender and approver of the list, for what it sends or decides. Returns how many are new.

    They have no password: they act on the command line.
    """
    wanted = [
        accounts.New("sender", "Demonstration: sender", (Grant("submitter"),)),
        accounts.New("approver", "Demonstration: approver", (Grant("approver"),)),
        accounts.New("steward", "Demonstration: steward", (Grant("steward"),)),
    ]
    held: dict[str, set[Grant]] = {}
    for one in read_list(folder) if folder is not None and (folder / "arrivals.csv").is_file() else ():
        held.setdefault(one.sender, set()).add(Grant("submitter", one.jurisdiction, one.instrument))
        held.setdefault(one.approver, set()).add(Grant("approver", one.jurisdiction, one.instrument))
    wanted += [accounts.New(name, f"Demonstration: {name}", tuple(sorted(g))) for name, g in sorted(held.items())]
    made = accounts.create_many(engine, wanted, by=SYSTEM)
    there = {a.account_id: a for a in accounts.all_accounts(engine)}
    for name, grants in held.items():
        for grant in sorted(grants - set(there[name].grants)):
            accounts.grant(engine, name, grant, by=SYSTEM)
    return made


def _arrival(one: Listed, size: int, identities: dict[str, str]) -> Arrival:
    if one.corrects and identities and one.corrects not in identities:
        raise ArrivalsError(
            f"{one.file} corrects {one.corrects}, which is not in the list; write it with `make samples`"
        )
    return Arrival(
        one.sha256,
        size,
        one.filename,
        one.sender,
        one.received_at,
        demonstration=True,
        corrects=identities.get(one.corrects) if one.corrects else None,
        territory=one.jurisdiction.partition("_")[0],
        kind=one.kind,
    )


def _bytes(folder: Path, one: Listed) -> bytes:
    path = folder / one.file
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ArrivalsError(
            f"{path} is listed and not there; write the demonstration returns with `make samples`"
        ) from error
    if store.digest(data) != one.sha256:
        raise ArrivalsError(f"{path} is not the file that arrivals.csv lists; write both with `make samples`")
    return data
