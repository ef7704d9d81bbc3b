"""What was published when: the public journal `publications.jsonl`, and the intent of a publication under way.

The journal has one line for each publication and each rollback, oldest first. The intent
(`restricted/publication.json`) exists from before the first act of a publication until after its last one: whoever
finds it completes what it names.
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
from pipelines.publication.releases.errors import ReleaseError

Action = Literal["publish", "rollback"]


@dataclass(frozen=True, slots=True)
class Publication:
    """One line of the journal. A rollback also has the release before it, who decided it, and why.

    `manifest_sha256` is the digest of the published manifest, which `rti audit verify` compares.
    """

    release: str
    published_at: str
    action: Action = "publish"
    previous: str | None = None
    actor: str | None = None
    reason: str | None = None
    manifest_sha256: str | None = None

    def as_line(self) -> str:
        """Return the line of the journal: of a publication its release, time and digest, of a rollback the rest too."""
        fields = {name: value for name, value in asdict(self).items() if value is not None}
        if self.action == "publish":
            del fields["action"]
        return json.dumps(fields, ensure_ascii=False) + "\n"


@dataclass(frozen=True, slots=True)
class Intent:
    """A publication or rollback that has begun.

    `number` is the line of the journal that it becomes, counted from 1; `renews_records` says that a new baseline of
    the figures from records was prepared; `submissions` are the returns to be marked as published.
    """

    publication: Publication
    number: int
    renews_records: bool = False
    submissions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class UnfinishedPublication:
    """One thing that an interrupted publication left. `text` and `params` say what, and what to do."""

    text: str
    params: Mapping[str, Any]

    def localize(self, language: str = "en") -> str:
        """Return the sentence in a language."""
        from pipelines.core.i18n import gettext

        return gettext(self.text, language).format(**self.params)


# -- the journal


def journal_path(home: Home) -> Path:
    """Return the path of the journal."""
    return home.public / "publications.jsonl"


def read_publications(home: Home) -> list[Publication]:
    """Return the lines of the journal, oldest first. A last line that a crash has cut short is left out."""
    return [Publication(**json.loads(line)) for line in _whole_lines(home)]


def prepare_journal(home: Home, intent: Intent) -> None:
    """Write the journal with the line of a publication aside, so that adding it later needs no space."""
    durable.write_aside(journal_path(home), _with_line(home, intent))


def append_journal(home: Home, intent: Intent) -> None:
    """Replace the journal by the prepared one. Does nothing where its line is there already."""
    path, aside = journal_path(home), prepared_journal_path(home)
    if len(_whole_lines(home)) >= intent.number:
        aside.unlink(missing_ok=True)
        return
    if not aside.exists() or aside.read_bytes() != _with_line(home, intent):
        prepare_journal(home, intent)
    aside.replace(path)
    durable.sync_folder(home.public)


def prepared_journal_path(home: Home) -> Path:
    """Return the path of the journal that is written aside."""
    return durable.aside_of(journal_path(home))


def _with_line(home: Home, intent: Intent) -> bytes:
    lines = [f"{line}\n" for line in _whole_lines(home)]
    return "".join([*lines, intent.publication.as_line()]).encode()


def _whole_lines(home: Home) -> list[str]:
    path = journal_path(home)
    *lines, _cut_short = path.read_text(encoding="utf-8").split("\n") if path.exists() else [""]
    return lines


# -- the intent


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
            f"{path} is damaged, so the publication that it describes cannot be finished; restore it from a backup"
        ) from error


def write_intent(home: Home, intent: Intent) -> None:
    """Write the intent durably: from here on the publication is completed, whatever happens."""
    durable.write_file(intent_path(home), (json.dumps(asdict(intent), ensure_ascii=False) + "\n").encode())


def remove_intent(home: Home) -> None:
    """Remove the intent of a publication that is complete, or that was given up."""
    intent_path(home).unlink(missing_ok=True)
    durable.sync_folder(home.restricted)


# -- what is not finished


_UNFINISHED = {
    "publish": mark("The publication of release {release}, begun at {time}, is not finished: it is still running or "
                    "was interrupted. If no other command is running, `rti publish` finishes it."),
    "rollback": mark("The rollback to release {release}, begun at {time}, is not finished: it is still running or was "
                     "interrupted. If no other command is running, `rti publish` finishes it."),
}  # fmt: skip


def find_unfinished(home: Home) -> list[UnfinishedPublication]:
    """Return what an interrupted publication left, and any disagreement of the public folder with its journal."""
    intent = read_intent(home)
    if intent is not None:
        publication = intent.publication
        params = {"release": publication.release, "time": publication.published_at}
        return [UnfinishedPublication(_UNFINISHED[publication.action], params)]
    publications = read_publications(home)
    return [*_unannounced(home, publications), *_other_current(home, publications)]


def _unannounced(home: Home, publications: Sequence[Publication]) -> list[UnfinishedPublication]:
    announced = {one.release for one in publications}
    text = mark(
        "Release {release} is in the public folder, but `publications.jsonl` does not list it: its publication was "
        "interrupted. `rti publish {release}` finishes it."
    )
    releases = sorted(path.name for path in home.releases.iterdir() if path.is_dir())
    return [UnfinishedPublication(text, {"release": name}) for name in releases if name not in announced]


def _other_current(home: Home, publications: Sequence[Publication]) -> list[UnfinishedPublication]:
    current = home.current.readlink().name if home.current.is_symlink() else None
    if not publications or publications[-1].release == current:
        return []
    text = mark(
        "The current release is {current}, but the last line of `publications.jsonl` says {release}. "
        "`rti rollback {release}` makes that the current one again."
    )
    params = {"current": current or "–", "release": publications[-1].release}
    return [UnfinishedPublication(text, params)]
