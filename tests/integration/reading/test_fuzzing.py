"""Random damage: a planted fault is found and made small, and no reader fails on some files of each format."""

from __future__ import annotations

import io
import zipfile

import pytest
from hypothesis import given, settings

from pipelines.model.content import Cube, ReadError
from pipelines.reading.formats.read import read_content
from tests.fuzzing.edits import Damage, Edit, damage_file, draw_damage
from tests.fuzzing.search import TARGETS, Target, search_faults
from tests.support.paths import ROOT
from tests.support.planted_reader import read_unless_quoted
from tests.support.sampling import count_examples

CSV = next(target for target in TARGETS if target.name == "csv")
DOCX = ROOT / "raw_samples" / "BA" / "justice" / "TBIH_trgovina_ljudima_2020-2022.docx"


def test_planted_fault_is_found_once_and_its_damage_made_small() -> None:
    outcome = search_faults(CSV, seconds=60, most_files=300, work=read_unless_quoted)
    (fault,) = outcome.faults
    assert "KeyError" in fault.reason and b'"' in fault.data
    assert len(fault.damage.edits) <= 2
    assert outcome.counts["read.reader_failed"] > 1 and outcome.counts["read"] > 100


@pytest.mark.sampled()
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_reader_reads_or_refuses_damaged_files(target: Target) -> None:
    outcome = search_faults(target, seconds=60, most_files=12)
    assert outcome.counts.total() >= 12
    assert outcome.faults == []


def test_seeds_of_sdmx_csv_are_read_by_its_reader() -> None:
    """Without the header of SDMX-CSV, the reader of plain CSV would be searched twice."""
    target = next(target for target in TARGETS if target.name == "sdmx-csv")
    for data in target.list_seeds():
        assert isinstance(read_content(data, "a.csv"), Cube)


@settings(max_examples=count_examples(30), deadline=None)
@given(draw_damage("markup"))
def test_damaged_package_keeps_its_other_parts(damage: Damage) -> None:
    data = DOCX.read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as good, zipfile.ZipFile(io.BytesIO(damage_file(data, damage))) as bad:
        assert good.namelist() == bad.namelist()
        changed = [name for name in good.namelist() if good.read(name) != bad.read(name)]
        assert len(changed) <= 1


# Found by a search.
@pytest.mark.parametrize(
    ("part", "old", "new"),
    [
        ("[Content_Types].xml", b'encoding="UTF-8"', b'encoding="UTX-8"'),
        ("[Content_Types].xml", b"wordprocessingml.document.main", b"wordprocessingml.main"),
        ("[Content_Types].xml", b"core-properties+xml", b"core-propertes+xml"),
        ("[Content_Types].xml", b"wordprocessingml.styles", b"wordprocessingml.style"),
    ],
)
def test_document_with_a_damaged_list_of_parts_is_refused_as_damaged(part: str, old: bytes, new: bytes) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(DOCX) as source, zipfile.ZipFile(packed, "w") as target:
        assert old in source.read(part), source.read(part)
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(old, new) if name == part else source.read(name))
    with pytest.raises(ReadError) as refused:
        read_content(packed.getvalue(), "a.docx")
    assert refused.value.rule == "read.malformed"


def test_edits_do_what_they_are_named_for() -> None:
    def apply_edit(kind: str, new: bytes = b"x") -> bytes:
        return damage_file(b"0123456789", Damage(0, (Edit(kind, 500_000, 2, new),)))

    assert apply_edit("replace") == b"01234x6789"
    assert apply_edit("insert") == b"01234x56789"
    assert apply_edit("delete") == b"01234789"
    assert apply_edit("repeat") == b"01234565656789"
    assert apply_edit("move") == b"5601234789"
    assert apply_edit("truncate") == b"01234"
