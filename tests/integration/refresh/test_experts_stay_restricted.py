"""Nothing of the network of experts is in what dbt reads or in any public file of a published release."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.declarations.registry import load
from pipelines.ledger.opening import open_ledger
from pipelines.refresh import returns
from pipelines.submissions.accounts import accounts
from pipelines.submissions.experts.letters import remind_experts
from pipelines.submissions.experts.model import ExpertDetails
from pipelines.submissions.service import experts
from pipelines.submissions.service.desk import Desk
from tests.support.releases import publication_fixture

PLANTED = ("planted.expert@office.example", "Planted institution", "Planted position", "Planted region")


@dataclass(frozen=True)
class PublishedHome:
    """A home that published a release after an expert was entered; `expert_id` is of the entry."""

    home: Home
    expert_id: str


@pytest.fixture(scope="module")
def published(publication_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublishedHome]:
    with clock.freeze_time(clock.parse_time(publication_fixture.NOW)):
        home = publication_fixture.copy_home(publication_home, tmp_path_factory.mktemp("experts") / "home")
        engine = open_ledger(home)
        steward = accounts.get_identity(engine, "the-steward")
        details = ExpertDetails("AL", PLANTED[1], PLANTED[2], "court", ("sq",), ("TIP",), ("joint_team",), PLANTED[3])
        expert_id = experts.save_expert(Desk(home, engine, load()), steward, details, PLANTED[0])
        remind_experts(home, engine)
        returns.export_sources(home, engine)
        engine.dispose()
        publication_fixture.publish_draft(home)
        yield PublishedHome(home, expert_id)


def find_planted(folder: Path, words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return (file, word) of each planted word below a folder, also within compressed Parquet files."""
    matches = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".parquet":
                content += str(pl.read_parquet(path).to_dicts()).encode()
            matches += [(str(path.relative_to(folder)), word) for word in words if word.encode() in content]
    return matches


def test_planted_entry_is_in_no_gathered_and_no_public_file(published: PublishedHome) -> None:
    words = (*PLANTED, published.expert_id)
    home = published.home
    assert (home.public / "releases" / publication_fixture.NEXT).is_dir()
    assert list(home.gathered.glob("*.parquet"))
    assert find_planted(home.gathered, words) == []
    assert find_planted(home.public, words) == []


def test_search_finds_the_entry_where_it_may_be(published: PublishedHome) -> None:
    matches = find_planted(published.home.restricted, (*PLANTED, published.expert_id))
    assert {word for path, word in matches if path.startswith("ledger.sqlite")} == {*PLANTED, published.expert_id}
    assert {word for path, word in matches if path.startswith("outbox")} == {PLANTED[0]}
