"""Replay the arrivals of a demonstration from the folder of invented returns: who sent what when, and the decisions."""

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
from pipelines.ledger import queries, supersession
from pipelines.ledger.acts import Act, Arrival, Justification, Refusals
from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.transitions import State
from pipelines.submissions import decisions, intake, store
from pipelines.submissions.accounts import accounts

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home

CHECKED_AFTER = timedelta(minutes=1)
SENT_AFTER = timedelta(hours=1)
APPROVED_AFTER = timedelta(hours=4)
"""Times after the arrival in the list at which the demonstration's other acts take place."""
UNDECIDED: tuple[State, ...] = ("checked", "sent")
"""States of the returns that a person has to decide on."""


class ArrivalsError(Exception):
    """The list of arrivals is missing or does not match the files next to it. The message says what to do."""


@dataclass(frozen=True, slots=True)
class ListedArrival:
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
        """Return the name under which the office sent the file."""
        return Path(self.file).name


def read_list(folder: Path) -> tuple[ListedArrival, ...]:
    """Return the lines of `arrivals.csv` in the order of arrival. Raises ArrivalsError."""
    return _parse(*_read_content(folder))


def read_identities(folder: Path) -> Mapping[str, ListedArrival]:
    """Return the lines of `arrivals.csv` by submission id, in the order of arrival. Raises ArrivalsError."""
    return _index_by_submission(*_read_content(folder))


def _read_content(folder: Path) -> tuple[Path, bytes]:
    path = folder / "arrivals.csv"
    try:
        return path, path.read_bytes()
    except FileNotFoundError:
        raise ArrivalsError(f"there is no {path}; write the demonstration returns with `make samples`") from None


@lru_cache(maxsize=2)
def _parse(path: Path, content: bytes) -> tuple[ListedArrival, ...]:
    """Parse a list. The cache avoids parsing the same bytes again for every territory of a refresh."""
    names = ListedArrival.__dataclass_fields__
    rows = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""))
    if missing := set(names) - set(rows.fieldnames or ()):
        raise ArrivalsError(f"{path} lacks the columns {', '.join(sorted(missing))}; write it with `make samples`")
    listed = [
        ListedArrival(
            **{n: row[n] for n in names if n != "received_at"}, received_at=clock.parse_time(row["received_at"])
        )
        for row in rows
    ]
    return tuple(sorted(listed, key=lambda entry: (entry.received_at, entry.file)))


@lru_cache(maxsize=2)
def _index_by_submission(path: Path, content: bytes) -> Mapping[str, ListedArrival]:
    return {_make_arrival(entry, 0, {}).submission_id: entry for entry in _parse(path, content)}


def record_arrivals(home: Home, engine: sa.Engine, folder: Path) -> int:
    """Record the listed files that have arrived by now, in one transaction; return the number of new ones.

    A second call for the same folder does nothing. Raises ArrivalsError for a real home, a missing file, and a file
    whose SHA-256 differs from the list.
    """
    if home.kind != "demonstration":
        raise ArrivalsError(f"{home.root} is a real home and takes no invented returns; make a demonstration home")
    now = clock.now()
    arrived = {identity: entry for identity, entry in read_identities(folder).items() if entry.received_at <= now}
    identities = {entry.file: identity for identity, entry in arrived.items()}
    known_ids = queries.known_ids(engine, arrived)
    ensure_accounts(engine, folder)
    arrivals = []
    for entry in (entry for identity, entry in arrived.items() if identity not in known_ids):
        data = _read_file(folder, entry)
        store.point_to(home, entry.sha256, folder / entry.file)  # stored at its check, after the scan for personal data
        arrivals.append(_make_arrival(entry, len(data), identities))
    return sum(r.new for r in intake.receive_many(engine, arrivals, again=True))


def replay_decisions(
    home: Home, engine: sa.Engine, folder: Path, *, among: Sequence[queries.Submission] | None = None
) -> Refusals:
    """Justify, send and approve every checked return as listed, with one transaction per step.

    A return with warnings and without a listed justification stays unsent, as it would in practice. `among` limits
    this to some checked or sent returns. Returns the errors of the returns that could not be decided.
    """
    now = clock.now()
    by_id = read_identities(folder)
    undecided = queries.list_submissions(engine, states=UNDECIDED) if among is None else among
    states = {
        s.submission_id: s.state
        for s in undecided
        if s.submission_id in by_id and by_id[s.submission_id].received_at <= now
    }
    checked = [i for i, state in states.items() if state == "checked"]
    justifications = [
        Justification(
            i, entry.justification_reason, entry.justification_text, entry.sender, None, _compute_sent_at(entry, now)
        )
        for i in checked
        if (entry := by_id[i]).justification_reason
    ]
    refused = decisions.justify_many(engine, justifications) if justifications else {}
    to_send = [i for i in checked if i not in refused]
    reasons = _derive_reasons(engine, by_id, to_send)
    refused |= decisions.send_many(
        engine,
        [Act(i, by_id[i].sender, _compute_sent_at(by_id[i], now), reason=reasons.get(i)) for i in to_send],
    )
    to_approve = [i for i, state in states.items() if (state == "sent" or i in to_send) and i not in refused]
    due = [Act(i, by_id[i].approver, by_id[i].received_at + APPROVED_AFTER) for i in to_approve]
    return refused | decisions.approve_many(engine, home, [a for a in due if a.at is None or a.at <= now])


def _compute_sent_at(entry: ListedArrival, now: datetime) -> datetime:
    """Return when a listed return is sent, but no later than now.

    A time in the future would make the ledger refuse all acts until then.
    """
    return min(entry.received_at + SENT_AFTER, now)


def _derive_reasons(engine: sa.Engine, by_id: Mapping[str, ListedArrival], to_send: Sequence[str]) -> dict[str, str]:
    """Derive the revision reason of each return about to be sent, which the list does not state.

    A return that `corrects` another fixes an error of its source; any other return for the same periods brings late
    data.
    """
    from pipelines.ledger.database import open_read_transaction

    with open_read_transaction(engine) as connection:
        keys = supersession.block_keys(connection, to_send)
        earlier_keys: set[supersession.BlockKey] = set().union(
            *supersession.replaced_blocks(connection, to_send).values()
        )
    reasons = {}
    for identity in sorted(to_send, key=lambda i: (by_id[i].received_at, i)):
        own_keys = keys.get(identity, set())
        if own_keys & earlier_keys:
            reasons[identity] = "source_error" if by_id[identity].corrects else "late_data"
        earlier_keys |= own_keys
    return reasons


def ensure_accounts(engine: sa.Engine, folder: Path | None = None) -> int:
    """Create the missing accounts of a demonstration and return the number of new ones.

    These are the local `sender`, `approver` and `steward` for everything, and each sender and approver in the list
    for the returns that they send or decide on. They have no password, because they act on the command line.
    """
    new_accounts = [
        accounts.NewAccount("sender", "Demonstration: sender", (Grant("submitter"),)),
        accounts.NewAccount("approver", "Demonstration: approver", (Grant("approver"),)),
        accounts.NewAccount("steward", "Demonstration: steward", (Grant("steward"),)),
    ]
    grants_by_account: dict[str, set[Grant]] = {}
    for entry in read_list(folder) if folder is not None and (folder / "arrivals.csv").is_file() else ():
        grants_by_account.setdefault(entry.sender, set()).add(Grant("submitter", entry.jurisdiction, entry.instrument))
        grants_by_account.setdefault(entry.approver, set()).add(Grant("approver", entry.jurisdiction, entry.instrument))
    new_accounts += [
        accounts.NewAccount(name, f"Demonstration: {name}", tuple(sorted(g)))
        for name, g in sorted(grants_by_account.items())
    ]
    created = accounts.create_many(engine, new_accounts, by=SYSTEM)
    present_accounts = {a.account_id: a for a in accounts.all_accounts(engine)}
    for name, grants in grants_by_account.items():
        for grant in sorted(grants - set(present_accounts[name].grants)):
            accounts.grant_role(engine, name, grant, by=SYSTEM)
    return created


def _make_arrival(entry: ListedArrival, size: int, identities: dict[str, str]) -> Arrival:
    if entry.corrects and identities and entry.corrects not in identities:
        raise ArrivalsError(
            f"{entry.file} corrects {entry.corrects}, which is not in the list; write it with `make samples`"
        )
    return Arrival(
        entry.sha256,
        size,
        entry.filename,
        entry.sender,
        entry.received_at,
        demonstration=True,
        corrects=identities.get(entry.corrects) if entry.corrects else None,
        territory=entry.jurisdiction.partition("_")[0],
        kind=entry.kind,
    )


def _read_file(folder: Path, entry: ListedArrival) -> bytes:
    path = folder / entry.file
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ArrivalsError(
            f"{path} is listed and not there; write the demonstration returns with `make samples`"
        ) from error
    if store.compute_digest(data) != entry.sha256:
        raise ArrivalsError(f"{path} is not the file that arrivals.csv lists; write both with `make samples`")
    return data
