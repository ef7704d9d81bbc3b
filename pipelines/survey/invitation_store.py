"""Store of invitations: rounds, who was invited, and whether a person answered. It never holds an answer or a time.

`answered` is known only while a round is open, so that nobody is reminded who has answered. Closing a round removes it
together with the digests of the links, and leaves the counts by territory and role.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import sqlalchemy as sa

from pipelines.survey.databases import Database, survey_folder

if TYPE_CHECKING:
    from pipelines.core.home import Home

METADATA = sa.MetaData()
RoundState = Literal["planned", "open", "closing", "closed"]

ROUND = sa.Table(
    "round",
    METADATA,
    sa.Column("round_id", sa.Text, primary_key=True),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("opens", sa.String(10), nullable=False),
    # The last day on which answers are accepted.
    sa.Column("closes", sa.String(10), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)
INVITATION = sa.Table(
    "invitation",
    METADATA,
    sa.Column("invitation_id", sa.String(32), primary_key=True),
    sa.Column("round_id", sa.Text, sa.ForeignKey("round.round_id"), nullable=False, index=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("institution", sa.Text, nullable=False),
    sa.Column("territory", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("sent", sa.Boolean, nullable=False),
    sa.Column("reminded", sa.Integer, nullable=False),
    # Empty once the round is closed.
    sa.Column("answered", sa.Boolean),
    sqlite_with_rowid=False,
)
LINK = sa.Table(
    "link",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("invitation_id", sa.String(32), sa.ForeignKey("invitation.invitation_id"), nullable=False, index=True),
    sqlite_with_rowid=False,
)
RESPONSE = sa.Table(
    "response",
    METADATA,
    sa.Column("round_id", sa.Text, sa.ForeignKey("round.round_id"), primary_key=True),
    sa.Column("territory", sa.Text, primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
    sa.Column("invited", sa.Integer, nullable=False),
    sa.Column("answered", sa.Integer, nullable=False),
    # Institutions from which somebody answered, in this cell and in the whole territory.
    sa.Column("institutions", sa.Integer, nullable=False),
    sa.Column("institutions_of_territory", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)


# Derives the links to the results; rounds of earlier software have none.
RESULT_SECRET = sa.Table(
    "result_secret",
    METADATA,
    sa.Column("round_id", sa.Text, sa.ForeignKey("round.round_id"), primary_key=True),
    sa.Column("secret", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class Round:
    """One round: a form for a period, open from a day to a day."""

    round_id: str
    form: Literal["pulse", "full"]
    period: str
    opens: str
    closes: str
    state: RoundState


@dataclass(frozen=True, slots=True)
class Invitee:
    """A person who is invited. The name and the address are known here only."""

    role: str
    institution: str
    territory: str
    name: str
    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Invitation:
    """A stored invitation."""

    invitation_id: str
    round_id: str
    invitee: Invitee
    sent: bool
    reminded: int
    answered: bool


@dataclass(frozen=True, slots=True)
class Response:
    """How many people of one role in one territory were invited and answered, from how many institutions."""

    round_id: str
    territory: str
    role: str
    invited: int
    answered: int
    institutions: int
    institutions_of_territory: int


class InvitationStore:
    """The database of invitations of one home."""

    def __init__(self, home: Home) -> None:
        self.database = Database(survey_folder(home) / "invitations.sqlite", METADATA)

    def add_round(self, round_: Round, invitees: Sequence[Invitee]) -> None:
        """Add a planned round and its invitations, in no order that says anything."""
        rows = [
            {
                "invitation_id": secrets.token_hex(16),
                "round_id": round_.round_id,
                "role": invitee.role,
                "institution": invitee.institution,
                "territory": invitee.territory,
                "name": invitee.name,
                "address": invitee.address,
                "language": invitee.language,
                "sent": False,
                "reminded": 0,
                "answered": False,
            }
            for invitee in invitees
        ]
        with self.database.open_write() as connection:
            connection.execute(
                sa.insert(ROUND).values(
                    round_id=round_.round_id,
                    form=round_.form,
                    period=round_.period,
                    opens=round_.opens,
                    closes=round_.closes,
                    state=round_.state,
                )
            )
            secret = secrets.token_hex(32)
            connection.execute(sa.insert(RESULT_SECRET).values(round_id=round_.round_id, secret=secret))
            if rows:
                connection.execute(sa.insert(INVITATION), rows)

    def list_rounds(self) -> tuple[Round, ...]:
        """Return all rounds, oldest first."""
        with self.database.open_read() as connection:
            rows = connection.execute(sa.select(ROUND).order_by(ROUND.c.opens, ROUND.c.round_id))
            return tuple(Round(**row._mapping) for row in rows)

    def find_round(self, round_id: str) -> Round | None:
        """Return a round, or None."""
        with self.database.open_read() as connection:
            row = connection.execute(_FIND_ROUND, {"round_id": round_id}).one_or_none()
        return None if row is None else Round(**row._mapping)

    def find_result_secret(self, round_id: str) -> str | None:
        """Return the secret from which the links to the results of a round are derived, or None."""
        query = sa.select(RESULT_SECRET.c.secret).where(RESULT_SECRET.c.round_id == round_id)
        with self.database.open_read() as connection:
            return connection.execute(query).scalar_one_or_none()

    def set_state(self, round_id: str, state: RoundState) -> None:
        """Change the state of a round."""
        with self.database.open_write() as connection:
            connection.execute(sa.update(ROUND).where(ROUND.c.round_id == round_id).values(state=state))

    def find_visit(self, round_id: str, digest: str) -> tuple[Round | None, Invitation | None]:
        """Return a round and the invitation of a link to it; None for what there is not."""
        with self.database.open_read() as connection:
            round_ = connection.execute(_FIND_ROUND, {"round_id": round_id}).one_or_none()
            row = connection.execute(_FIND_INVITATION, {"digest": digest}).one_or_none()
        invitation = _as_invitation(row) if row is not None and row.round_id == round_id else None
        return None if round_ is None else Round(**round_._mapping), invitation

    def list_invitations(self, round_id: str) -> tuple[Invitation, ...]:
        """Return the invitations of a round."""
        with self.database.open_read() as connection:
            rows = connection.execute(sa.select(INVITATION).where(INVITATION.c.round_id == round_id)).all()
        return tuple(_as_invitation(row) for row in rows)

    def add_link(self, invitation_id: str, digest: str) -> None:
        """Let a link open an invitation; earlier links of it stay valid, because a mail may have arrived after all."""
        with self.database.open_write() as connection:
            connection.execute(sa.insert(LINK).values(digest=digest, invitation_id=invitation_id))

    def mark_sent(self, invitation_id: str, *, reminder: bool) -> None:
        """Record that the invitation, or one more reminder, was sent."""
        changes = {"reminded": INVITATION.c.reminded + 1} if reminder else {"sent": True}
        with self.database.open_write() as connection:
            connection.execute(sa.update(INVITATION).where(INVITATION.c.invitation_id == invitation_id).values(changes))

    def mark_answered(self, invitation_id: str) -> None:
        """Record that the person has answered."""
        change = sa.update(INVITATION).where(INVITATION.c.invitation_id == invitation_id).values(answered=True)
        self.database.run_write(lambda connection: connection.execute(change).rowcount)

    def mark_all_answered(self, round_id: str, addresses: Sequence[str]) -> None:
        """Record that the people with these addresses have answered; for invented answers."""
        change = sa.update(INVITATION).where(
            INVITATION.c.round_id == round_id, INVITATION.c.address == sa.bindparam("person")
        )
        with self.database.open_write() as connection:
            if addresses:
                values = [{"person": address} for address in addresses]
                connection.execute(change.values(answered=True), values)

    def count_responses(self, round_id: str) -> tuple[Response, ...]:
        """Return the counts of a round by territory and role: those of its closing, or those of this moment."""
        with self.database.open_read() as connection:
            stored_counts = connection.execute(sa.select(RESPONSE).where(RESPONSE.c.round_id == round_id)).all()
        if stored_counts:
            return _sort(Response(**row._mapping) for row in stored_counts)
        invitations = self.list_invitations(round_id)
        institutions_of_territory: dict[str, set[str]] = {}
        institutions: dict[tuple[str, str], set[str]] = {}
        invited: dict[tuple[str, str], list[bool]] = {}
        for invitation in invitations:
            invitee = invitation.invitee
            cell = (invitee.territory, invitee.role)
            invited.setdefault(cell, []).append(invitation.answered)
            if invitation.answered:
                institutions.setdefault(cell, set()).add(invitee.institution)
                institutions_of_territory.setdefault(invitee.territory, set()).add(invitee.institution)
        return _sort(
            Response(
                round_id,
                *cell,
                len(flags),
                sum(flags),
                len(institutions.get(cell, ())),
                len(institutions_of_territory.get(cell[0], ())),
            )
            for cell, flags in invited.items()
        )

    def forget_answered(self, round_id: str) -> None:
        """Keep the counts of a round and remove who answered and every digest of a link; the round is then closed."""
        responses = self.count_responses(round_id)
        own_ids = sa.select(INVITATION.c.invitation_id).where(INVITATION.c.round_id == round_id)
        with self.database.open_write() as connection:
            if connection.execute(sa.select(ROUND.c.state).where(ROUND.c.round_id == round_id)).scalar() == "closed":
                return
            if responses:
                connection.execute(
                    sa.insert(RESPONSE),
                    [{c.name: getattr(response, c.name) for c in RESPONSE.columns} for response in responses],
                )
            connection.execute(sa.delete(LINK).where(LINK.c.invitation_id.in_(own_ids)))
            connection.execute(sa.update(INVITATION).where(INVITATION.c.round_id == round_id).values(answered=None))
            connection.execute(sa.update(ROUND).where(ROUND.c.round_id == round_id).values(state="closed"))
        self.database.compact_file()


_FIND_ROUND = sa.select(ROUND).where(ROUND.c.round_id == sa.bindparam("round_id"))
_FIND_INVITATION = (
    sa.select(INVITATION)
    .join(LINK, LINK.c.invitation_id == INVITATION.c.invitation_id)
    .where(LINK.c.digest == sa.bindparam("digest"))
)


def _as_invitation(row: sa.Row[tuple[object, ...]]) -> Invitation:
    values = row._mapping
    invitee = Invitee(
        values["role"],
        values["institution"],
        values["territory"],
        values["name"],
        values["address"],
        values["language"],
    )
    answered = bool(values["answered"])
    return Invitation(
        values["invitation_id"], values["round_id"], invitee, values["sent"], values["reminded"], answered
    )


def _sort(responses: Iterable[Response]) -> tuple[Response, ...]:
    return tuple(sorted(responses, key=lambda response: (response.territory, response.role)))
