"""Store of answers: encrypted drafts, sealed answers of open rounds, and the answers of closed rounds.

Nothing in it comes from an invitation except territory and role, which are inside the seal until the round is closed.
Rows have random ids and no time; the day of an answer is the day on which its round was closed, the same for all.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from pipelines.survey import sealing
from pipelines.survey.coarsening import Cell, coarsen_cells
from pipelines.survey.databases import Database, survey_folder

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.core.home import Home
    from pipelines.survey.answer_rules import Answers
    from pipelines.survey.links import SurveyLink

METADATA = sa.MetaData()

BOX = sa.Table(
    "box",
    METADATA,
    sa.Column("round_id", sa.Text, primary_key=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("emptied", sa.Boolean, nullable=False),
    sqlite_with_rowid=False,
)
DRAFT = sa.Table(
    "draft",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("round_id", sa.Text, sa.ForeignKey("box.round_id"), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
SEALED = sa.Table(
    "sealed",
    METADATA,
    sa.Column("sealed_id", sa.String(32), primary_key=True),
    sa.Column("round_id", sa.Text, sa.ForeignKey("box.round_id"), nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
SPENT = sa.Table(
    "spent",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("round_id", sa.Text, sa.ForeignKey("box.round_id"), nullable=False),
    sqlite_with_rowid=False,
)
ANSWER = sa.Table(
    "answer",
    METADATA,
    sa.Column("answer_id", sa.String(32), primary_key=True),
    sa.Column("round_id", sa.Text, nullable=False),
    sa.Column("form", sa.Text, nullable=False),
    sa.Column("territory", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sqlite_with_rowid=False,
)
ANSWER_CODE = sa.Table(
    "answer_code",
    METADATA,
    sa.Column("answer_id", sa.String(32), sa.ForeignKey("answer.answer_id"), primary_key=True),
    # Question and version of its wording.
    sa.Column("series", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sqlite_with_rowid=False,
)
# Texts are not joined with the other answers of the same person, nor with a territory or a role.
FREE_TEXT = sa.Table(
    "free_text",
    METADATA,
    sa.Column("text_id", sa.String(32), primary_key=True),
    sa.Column("round_id", sa.Text, nullable=False),
    sa.Column("series", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)


class AlreadySentError(Exception):
    """The answers of this link were sent before; nothing was stored."""


class RoundClosedError(Exception):
    """The round takes no answers; nothing was stored."""


@dataclass(frozen=True, slots=True)
class SentAnswers:
    """Answers as a respondent sends them: codes by series, texts by series."""

    form: str
    territory: str
    role: str
    codes: Answers
    texts: Mapping[str, str]


class AnswerStore:
    """The database of answers of one home."""

    def __init__(self, home: Home) -> None:
        self.folder = survey_folder(home)
        self.database = Database(self.folder / "answers.sqlite", METADATA)

    def add_box(self, round_id: str) -> None:
        """Prepare a round to receive answers; safe to repeat."""
        with self.database.open_read() as connection:
            if connection.execute(sa.select(BOX.c.round_id).where(BOX.c.round_id == round_id)).one_or_none():
                return
        public_key = sealing.create_round_key(self.key_path(round_id))
        with self.database.open_write() as connection:
            connection.execute(sa.insert(BOX).values(round_id=round_id, public_key=public_key, emptied=False))

    def key_path(self, round_id: str) -> Path:
        """Return the path of the private key of a round."""
        return self.folder / "keys" / f"{round_id}.key"

    def read_draft(self, link: SurveyLink) -> dict[str, Any]:
        """Return the draft of a link; empty if there is none or it cannot be read any more.

        Raises AlreadySentError.
        """
        with self.database.open_read() as connection:
            if _is_spent(connection, link):
                raise AlreadySentError
            content = connection.execute(_FIND_DRAFT, {"digest": link.draft_digest}).scalar_one_or_none()
        if content is None:
            return {}
        try:
            return sealing.decrypt_draft(link.draft_key, content)
        except sealing.SealError:
            return {}

    def save_draft(self, round_id: str, link: SurveyLink, content: Mapping[str, Any]) -> None:
        """Store the draft of a link; it is on the disk on return. Raises AlreadySentError, RoundClosedError."""
        encrypted = sealing.encrypt_draft(link.draft_key, content)

        def write_draft(connection: sa.Connection) -> None:
            _check_open(connection, round_id, link)
            values = {"digest": link.draft_digest, "round_id": round_id, "content": encrypted}
            connection.execute(_WRITE_DRAFT, values)

        self.database.run_write(write_draft)

    def send_answers(self, round_id: str, link: SurveyLink, answers: SentAnswers) -> None:
        """Seal and store answers, remove their draft and burn the link, all or nothing; it is on the disk on return.

        Raises AlreadySentError, RoundClosedError.
        """
        content = {
            "form": answers.form,
            "territory": answers.territory,
            "role": answers.role,
            "codes": {series: list(codes) for series, codes in answers.codes.items()},
            "texts": dict(answers.texts),
        }

        def store_answers(connection: sa.Connection) -> None:
            sealed = sealing.seal_answers(_check_open(connection, round_id, link), content)
            row = {"sealed_id": secrets.token_hex(16), "round_id": round_id, "content": sealed}
            connection.execute(sa.insert(SEALED).values(row))
            connection.execute(sa.insert(SPENT).values(digest=link.spent_digest, round_id=round_id))
            connection.execute(sa.delete(DRAFT).where(DRAFT.c.digest == link.draft_digest))

        self.database.run_write(store_answers)

    def fill_box(self, round_id: str, contents: Sequence[Mapping[str, Any]]) -> None:
        """Seal the answers of many people at once, instead of those that the round may have; for invented answers."""
        with self.database.open_write() as connection:
            box = connection.execute(_FIND_BOX, {"round_id": round_id}).one()
            if box.emptied:
                return
            connection.execute(sa.delete(SEALED).where(SEALED.c.round_id == round_id))
            rows = [
                {
                    "sealed_id": secrets.token_hex(16),
                    "round_id": round_id,
                    "content": sealing.seal_answers(bytes(box.public_key), content),
                }
                for content in contents
            ]
            if rows:
                connection.execute(sa.insert(SEALED), rows)

    def count_sealed(self, round_id: str) -> int:
        """Return how many answers of an open round were received."""
        query = sa.select(sa.func.count()).select_from(SEALED).where(SEALED.c.round_id == round_id)
        with self.database.open_read() as connection:
            return int(connection.execute(query).scalar_one())

    def empty_box(self, round_id: str, day: str, exposed: Collection[Cell]) -> int:
        """Turn the sealed answers of a round into answers, coarsened and shuffled, and return how many there are.

        Drafts and burnt links of the round are removed, then its key. Safe to repeat after an interruption.
        Raises SealError.
        """
        path = self.key_path(round_id)
        with self.database.open_write() as connection:
            emptied = connection.execute(sa.select(BOX.c.emptied).where(BOX.c.round_id == round_id)).scalar_one()
            if not emptied:
                private_key = sealing.read_round_key(path)
                sealed = connection.execute(sa.select(SEALED.c.content).where(SEALED.c.round_id == round_id))
                opened = [sealing.open_answers(private_key, content) for content in sealed.scalars()]
                _insert_answers(connection, round_id, day, opened, exposed)
                for table in (SEALED, DRAFT, SPENT):
                    connection.execute(sa.delete(table).where(table.c.round_id == round_id))
                connection.execute(sa.update(BOX).where(BOX.c.round_id == round_id).values(emptied=True))
            count = connection.execute(
                sa.select(sa.func.count()).select_from(ANSWER).where(ANSWER.c.round_id == round_id)
            ).scalar_one()
        path.unlink(missing_ok=True)
        self.database.compact_file()
        return int(count)

    def list_texts(self, round_id: str) -> tuple[tuple[str, str], ...]:
        """Return the free texts of a closed round with their series, in no order that says anything."""
        query = sa.select(FREE_TEXT.c.series, FREE_TEXT.c.text).where(FREE_TEXT.c.round_id == round_id)
        with self.database.open_read() as connection:
            return tuple((row.series, row.text) for row in connection.execute(query.order_by(FREE_TEXT.c.text_id)))


_FIND_DRAFT = sa.select(DRAFT.c.content).where(DRAFT.c.digest == sa.bindparam("digest"))
_FIND_SPENT = sa.select(SPENT.c.digest).where(SPENT.c.digest == sa.bindparam("digest"))
_FIND_BOX = sa.select(BOX.c.public_key, BOX.c.emptied).where(BOX.c.round_id == sa.bindparam("round_id"))
_NEW_DRAFT = sqlite.insert(DRAFT)
_WRITE_DRAFT = _NEW_DRAFT.on_conflict_do_update(
    index_elements=[DRAFT.c.digest], set_={"content": _NEW_DRAFT.excluded.content}
)


def _check_open(connection: sa.Connection, round_id: str, link: SurveyLink) -> bytes:
    """Return the public key of a round that takes answers of this link."""
    box = connection.execute(_FIND_BOX, {"round_id": round_id}).one_or_none()
    if box is None or box.emptied:
        raise RoundClosedError
    if _is_spent(connection, link):
        raise AlreadySentError
    return bytes(box.public_key)


def _is_spent(connection: sa.Connection, link: SurveyLink) -> bool:
    return connection.execute(_FIND_SPENT, {"digest": link.spent_digest}).one_or_none() is not None


def _insert_answers(
    connection: sa.Connection, round_id: str, day: str, opened: Sequence[Mapping[str, Any]], exposed: Collection[Cell]
) -> None:
    shuffled = list(opened)
    random.SystemRandom().shuffle(shuffled)
    cells = coarsen_cells([(item["territory"], item["role"]) for item in shuffled], exposed)
    answers: list[dict[str, str]] = []
    codes: list[dict[str, str]] = []
    texts: list[dict[str, str]] = []
    for item, (territory, role) in zip(shuffled, cells, strict=True):
        answer_id = secrets.token_hex(16)
        answers.append(
            {
                "answer_id": answer_id,
                "round_id": round_id,
                "form": item["form"],
                "territory": territory,
                "role": role,
                "day": day,
            }
        )
        codes += [
            {"answer_id": answer_id, "series": series, "code": code}
            for series, chosen in item["codes"].items()
            for code in chosen
        ]
        texts += [
            {"text_id": secrets.token_hex(16), "round_id": round_id, "series": series, "text": text}
            for series, text in item["texts"].items()
        ]
    for table, rows in ((ANSWER, answers), (ANSWER_CODE, codes), (FREE_TEXT, texts)):
        if rows:
            # The driver's own call: SQLAlchemy would prepare the parameters of each of 50,000 rows.
            compiled = sa.insert(table).compile(dialect=connection.dialect, column_keys=list(rows[0]))
            names = compiled.positiontup or []
            connection.exec_driver_sql(str(compiled), [tuple(row[name] for name in names) for row in rows])
