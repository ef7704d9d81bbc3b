"""Read and write the public journal of publications, and the intent of a publication in progress.

The journal `publications.jsonl` has one line for each publication and each rollback, oldest first. The intent
(`restricted/publication.json`) exists from before the first step of a publication until after its last one; a command
that finds it completes that publication.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pipelines.core import durable
from pipelines.core.home import Home
from pipelines.core.i18n import mark
from pipelines.publication.releases.editions import edition_key
from pipelines.publication.releases.errors import ReleaseError

Action = Literal["publish", "rollback"]


@dataclass(frozen=True, slots=True)
class Publication:
    """One line of the journal. A rollback also has the previous release, its actor and its reason.

    `manifest_sha256` is the digest of the published manifest and `key_id` the key that signed it, which
    `rti audit verify` compares.
    """

    release: str
    published_at: str
    action: Action = "publish"
    previous: str | None = None
    actor: str | None = None
    reason: str | None = None
    manifest_sha256: str | None = None
    key_id: str | None = None

    def as_line(self) -> str:
        """Return the line of the journal: release, time, digest and key; for a rollback all fields."""
        fields = {name: value for name, value in asdict(self).items() if value is not None}
        if self.action == "publish":
            del fields["action"]
        return json.dumps(fields, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Intent:
    """A publication or rollback that has begun.

    `number` is its future line in the journal, counted from 1; `renews_records` is True if a new baseline of the
    figures from records was prepared; `submissions` are the returns to be marked as published.
    """

    publication: Publication
    number: int
    renews_records: bool = False
    submissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnfinishedPublication:
    """One problem that an interrupted publication left behind. `text` and `params` describe it and its remedy."""

    text: str
    params: Mapping[str, Any]

    def to_sentence(self, language: str = "en") -> str:
        """Return the sentence in a language."""
        from pipelines.core.i18n import gettext

        return gettext(self.text, language).format(**self.params)


# -- The journal


def journal_path(home: Home) -> Path:
    """Return the path of the journal."""
    return home.public / "publications.jsonl"


def read_publications(home: Home) -> list[Publication]:
    """Return the lines of the journal, oldest first. A truncated last line, left by a crash, is ignored.

    Raises DamagedJsonError.
    """
    try:
        return [Publication(**json.loads(line)) for line in _whole_lines(home)]
    except (ValueError, TypeError) as error:
        raise durable.DamagedJsonError(journal_path(home)) from error


def find_withdrawals(publications: Sequence[Publication]) -> dict[str, Publication]:
    """Return the withdrawn releases of a journal, each with the rollback that withdrew it.

    A rollback withdraws every release that is newer than the one it returns to. Making a withdrawn release current
    again undoes the rollback up to that release.
    """
    withdrawals: dict[str, Publication] = {}
    public: set[str] = set()
    for line in publications:
        key, undone = edition_key(line.release), withdrawals.get(line.release)
        withdrawals = {
            release: rollback
            for release, rollback in withdrawals.items()
            if rollback is not undone or edition_key(release) > key
        }
        if line.action == "rollback":
            newer = [release for release in public if edition_key(release) > key]
            withdrawals = dict.fromkeys(newer, line) | withdrawals
        public.add(line.release)
    return withdrawals


def prepare_journal(home: Home, intent: Intent) -> None:
    """Write the journal with the new line to a temporary file, so that appending it later needs no space."""
    durable.write_aside(journal_path(home), _with_line(home, intent))


def append_journal(home: Home, intent: Intent) -> None:
    """Replace the journal with the prepared one. Do nothing if it already has the line."""
    path, prepared = journal_path(home), prepared_journal_path(home)
    if len(_whole_lines(home)) >= intent.number:
        prepared.unlink(missing_ok=True)
        return
    if not prepared.exists() or prepared.read_bytes() != _with_line(home, intent):
        prepare_journal(home, intent)
    prepared.replace(path)
    durable.sync_folder(home.public)


def prepared_journal_path(home: Home) -> Path:
    """Return the path of the prepared journal."""
    return durable.aside_of(journal_path(home))


def _with_line(home: Home, intent: Intent) -> bytes:
    lines = [f"{line}\n" for line in _whole_lines(home)]
    return "".join([*lines, intent.publication.as_line()]).encode()


def _whole_lines(home: Home) -> list[str]:
    path = journal_path(home)
    *lines, _cut_short = path.read_text(encoding="utf-8").split("\n") if path.exists() else [""]
    return lines


# -- The intent


def intent_path(home: Home) -> Path:
    """Return the path of the intent."""
    return home.restricted / "publication.json"


def read_intent(home: Home) -> Intent | None:
    """Return the publication that has begun and not ended, or None. Raises ReleaseError for a damaged file."""
    path = intent_path(home)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        publication = Publication(**content.pop("publication"))
        return Intent(publication, **{**content, "submissions": tuple(content["submissions"])})
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseError(
            mark(
                "A publication was interrupted and cannot be finished, because {file} is damaged. Restore this file "
                "from a backup."
            ),
            file=path.relative_to(home.root).as_posix(),
        ) from error


def write_intent(home: Home, intent: Intent) -> None:
    """Write the intent durably. From here on the publication will be completed, even after an interruption."""
    durable.write_file(intent_path(home), (json.dumps(asdict(intent), ensure_ascii=False) + "\n").encode())


def remove_intent(home: Home) -> None:
    """Remove the intent of a publication that is complete or was abandoned."""
    intent_path(home).unlink(missing_ok=True)
    durable.sync_folder(home.restricted)


# -- Unfinished publications


_UNFINISHED = {
    "publish": mark("The publication of release {release}, begun at {time}, is not finished: it is still running or "
                    "was interrupted. If no other command is running, `rti publish` finishes it."),
    "rollback": mark("The rollback to release {release}, begun at {time}, is not finished: it is still running or was "
                     "interrupted. If no other command is running, `rti publish` finishes it."),
}  # fmt: skip


def find_unfinished(home: Home) -> list[UnfinishedPublication]:
    """Return the traces of an interrupted publication, and any disagreement between public folder and journal."""
    intent = read_intent(home)
    if intent is not None:
        publication = intent.publication
        params = {"release": publication.release, "time": publication.published_at}
        return [UnfinishedPublication(_UNFINISHED[publication.action], params)]
    publications = read_publications(home)
    return [*_find_unannounced(home, publications), *_find_other_current(home, publications)]


def _find_unannounced(home: Home, publications: Sequence[Publication]) -> list[UnfinishedPublication]:
    announced = {publication.release for publication in publications}
    text = mark(
        "Release {release} is in the public folder, but `publications.jsonl` does not list it: its publication was "
        "interrupted. `rti publish {release}` finishes it."
    )
    releases = sorted(path.name for path in home.releases.iterdir() if path.is_dir())
    return [UnfinishedPublication(text, {"release": name}) for name in releases if name not in announced]


def _find_other_current(home: Home, publications: Sequence[Publication]) -> list[UnfinishedPublication]:
    current = home.current.readlink().name if home.current.is_symlink() else None
    if not publications or publications[-1].release == current:
        return []
    text = mark(
        "The current release is {current}, but the last line of `publications.jsonl` says {release}. "
        "`rti rollback {release}` makes that the current one again."
    )
    params = {"current": current or "–", "release": publications[-1].release}
    return [UnfinishedPublication(text, params)]
