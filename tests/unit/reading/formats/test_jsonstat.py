"""The JSON-stat reader: every shape the format allows, every kind of fault, and real files."""

from __future__ import annotations

import json
import pickle
from math import prod
from pathlib import Path
from typing import Any

import pytest

from pipelines.model.content import Cube, ReadError
from pipelines.reading.formats import jsonstat
from tests.support.paths import SHARED

REAL = SHARED / "real" / "jsonstat" / "pyjstat"
FILES = sorted(REAL.glob("*.json")) if REAL.exists() else []


def build_dataset(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = {
        "version": "2.0",
        "class": "dataset",
        "label": "Persons",
        "id": ["sex", "year"],
        "size": [2, 1],
        "role": {"time": ["year"]},
        "dimension": {
            "sex": {"label": "Sex", "category": {"index": ["M", "F"], "label": {"M": "men", "F": "women"}}},
            "year": {"category": {"label": {"2024": "2024"}}},
        },
        "value": [1, 2.5],
    }
    document.update(changes)
    return {k: v for k, v in document.items() if v is not ...}


def read_cube(document: Any) -> Cube:
    return jsonstat.read_file(json.dumps(document).encode())


def read_error(document: Any) -> ReadError:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(ReadError) as caught:
        jsonstat.read_file(data)
    error = caught.value
    message, remedy = jsonstat.RULES[error.rule]
    assert message.format(**error.params) and remedy.format(**error.params)
    return error


def list_cells(cube: Cube) -> list[tuple[tuple[str, ...], Any, Any]]:
    return [(o.key, o.value, o.status) for o in cube.observations]


def test_a_dataset_of_version_two() -> None:
    cube = read_cube(build_dataset())
    assert list_cells(cube) == [(("M", "2024"), 1, None), (("F", "2024"), 2.5, None)]
    assert [(d.id, d.labels, d.role) for d in cube.dimensions] == [
        ("sex", {"und": "Sex"}, None),
        ("year", {"und": "year"}, "time"),
    ]
    assert [m.labels["und"] for m in cube.dimensions[0].members] == ["men", "women"]
    assert str(cube.observations[1].where) == "value[1]"
    assert cube.properties["label"] == "Persons"
    assert cube.absent == "missing"


@pytest.mark.parametrize("changes", [{}, {"value": {"1": 7}, "status": {"0": "c"}, "note": ["n"]}, {"value": {"0": 3}}])
def test_the_observations_are_a_sequence_that_compares_slices_and_pickles(changes: dict[str, Any]) -> None:
    cube = read_cube(build_dataset(**changes))
    listed = tuple(cube.observations)
    assert cube.observations == listed
    assert tuple(cube.observations[i] for i in range(len(listed))) == listed
    assert cube.observations[-1:] == listed[-1:]
    assert pickle.loads(pickle.dumps(cube)) == cube


def test_version_one_keeps_id_size_and_role_inside_dimension() -> None:
    version_two = build_dataset(version=..., **{"class": ...})
    inner = version_two["dimension"] | {name: version_two.pop(name) for name in ("id", "size", "role")}
    version_one = {"persons": version_two | {"dimension": inner}}
    assert list_cells(read_cube(version_one)) == list_cells(read_cube(build_dataset()))
    assert read_cube(version_one).properties["dataset"] == "persons"
    assert read_cube(version_one).dimensions[1].role == "time"


def test_index_as_list_or_object_gives_the_order() -> None:
    document = build_dataset()
    document["dimension"]["sex"]["category"]["index"] = {"F": 1, "M": 0}
    assert list_cells(read_cube(document)) == list_cells(read_cube(build_dataset()))


@pytest.mark.parametrize("index", [{"M": 0, "F": 2}, {"M": 0, "F": 0}, ["M", "M"], None, 7])
def test_an_index_that_does_not_number_the_categories_is_refused(index: Any) -> None:
    document = build_dataset()
    document["dimension"]["sex"]["category"]["index"] = index
    assert read_error(document).rule == "read.jsonstat.index"


def test_sparse_values_omit_missing_ones() -> None:
    assert list_cells(read_cube(build_dataset(value={"1": 7}))) == [(("F", "2024"), 7, None)]
    assert read_cube(build_dataset(value={"1": 7})).observations[0].where.keyword == "value[1]"


@pytest.mark.parametrize(
    ("status", "flags"),
    [("e", ["e", "e"]), (["e"], ["e", "e"]), (["e", None], ["e", None]), ({"1": "c"}, [None, "c"])],
)
def test_status_as_text_list_or_object(status: Any, flags: list[str | None]) -> None:
    cube = read_cube(build_dataset(status=status))
    assert [o.attributes.get("status") for o in cube.observations] == flags
    assert [o.status for o in cube.observations] == [None, None]


def test_sizes_and_positions_may_be_texts() -> None:
    sex = {"category": {"index": {"F": "1", "M": "0"}, "label": {"M": "men", "F": "women"}}}
    cube = read_cube(
        build_dataset(size=["2", "1"], dimension={"sex": sex, "year": {"category": {"label": {"2024": "2024"}}}})
    )
    assert list_cells(cube) == list_cells(read_cube(build_dataset()))
    for size in (["2", "x"], ["2", "-1"], ["0", "1"], [2, True], "2", []):
        assert read_error(build_dataset(size=size)).rule == "read.jsonstat.missing"


@pytest.mark.parametrize("value", [[None, "p"], {"1": "p"}])
def test_status_of_eurostat_before_2021_is_read_with_its_labels(value: Any) -> None:
    cube = read_cube(build_dataset(status={"value": value, "category": {"label": {"p": "provisional"}}}))
    assert [o.attributes.get("status") for o in cube.observations] == [None, "p"]
    assert cube.symbols == {"p": "provisional"}
    assert not cube.remarks


def test_status_that_is_not_at_a_position_is_remarked() -> None:
    cube = read_cube(build_dataset(status={"comment": "rows to skip", "1": "p"}))
    assert [o.attributes.get("status") for o in cube.observations] == [None, "p"]
    assert [(r.rule, r.params["seen"]) for r in cube.remarks] == [("read.jsonstat.position", "comment")]
    assert read_error(build_dataset(status={"2": "p"})).rule == "read.jsonstat.position"


def test_an_empty_value_carries_its_status_and_a_text_is_a_sign() -> None:
    assert list_cells(read_cube(build_dataset(value=[None, 2], status={"0": "c"})))[0] == (("M", "2024"), None, "c")
    assert list_cells(read_cube(build_dataset(value=[None, ".."]))) == [
        (("M", "2024"), None, None),
        (("F", "2024"), None, ".."),
    ]
    assert list_cells(read_cube(build_dataset(value={"0": 3}, status={"1": "m"}))) == [
        (("M", "2024"), 3, None),
        (("F", "2024"), None, "m"),
    ]


def test_notes_and_units_reach_their_observations() -> None:
    document = build_dataset(note=["all"])
    document["dimension"]["sex"]["category"] |= {"note": {"F": ["only F"]}, "unit": {"M": {"label": "persons"}}}
    cube = read_cube(document)
    assert [o.notes for o in cube.observations] == [("all",), ("all", "only F")]
    assert cube.observations[0].attributes == {"unit.label": "persons"}


def test_collection_of_one_dataset_is_read_and_of_several_is_rejected() -> None:
    collection = {"version": "2.0", "class": "collection", "link": {"item": [build_dataset()]}}
    assert list_cells(read_cube(collection)) == list_cells(read_cube(build_dataset()))
    error = read_error({"class": "collection", "link": {"item": [build_dataset(label="A"), build_dataset(label="B")]}})
    assert (error.rule, error.params["names"]) == ("read.jsonstat.several", "A, B")
    assert read_error({"class": "collection", "link": {"item": [{"class": "dataset", "href": "x"}]}}).rule == (
        "read.jsonstat.links_only"
    )


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"size": [2]}, "read.jsonstat.id_size"),
        ({"size": [3, 1]}, "read.jsonstat.category"),
        ({"size": [2, True]}, "read.jsonstat.missing"),
        ({"id": ["sex", "sex"]}, "read.jsonstat.missing"),
        ({"id": ["sex", "age"]}, "read.jsonstat.missing"),
        ({"id": ...}, "read.jsonstat.missing"),
        ({"value": ...}, "read.jsonstat.missing"),
        ({"dimension": ...}, "read.jsonstat.missing"),
        ({"value": [1]}, "read.jsonstat.count"),
        ({"value": [1, 2, 3]}, "read.jsonstat.count"),
        ({"value": {"2": 1}}, "read.jsonstat.position"),
        ({"value": {"-1": 1}}, "read.jsonstat.position"),
        ({"value": {"1": 1, "01": 2}}, "read.json.repeated_key"),
        ({"value": [1, True]}, "read.jsonstat.value"),
        ({"value": [1, [2]]}, "read.jsonstat.value"),
        ({"status": ["a", "b", "c"]}, "read.jsonstat.count"),
        ({"class": "dimension"}, "read.jsonstat.not_jsonstat"),
        ({"class": "table"}, "read.jsonstat.not_jsonstat"),
    ],
)
def test_each_fault_has_its_rule(changes: dict[str, Any], rule: str) -> None:
    error = read_error(build_dataset(**changes))
    assert error.rule == rule
    assert str(error.where)


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "read.empty"),
        (b"{", "read.json.syntax"),
        (b'{"a": 1,}', "read.json.syntax"),
        (b'{"a": NaN}', "read.json.syntax"),
        (b'{"a": 1, "a": 2}', "read.json.repeated_key"),
        (b"[" * 100_000, "read.json.syntax"),
        (b'{"a": "\xff"}', "read.json.encoding"),
        (b'{"a": ' + b"9" * 5000 + b"}", "read.json.syntax"),
        (b"[1]", "read.jsonstat.not_jsonstat"),
        (b'{"a": 1}', "read.jsonstat.not_jsonstat"),
    ],
)
def test_other_content_is_rejected(data: bytes, rule: str) -> None:
    assert read_error(data).rule == rule


def test_the_place_of_a_syntax_error_is_line_and_column() -> None:
    error = read_error(b'{"class": "dataset",\n "value" 1}')
    assert (error.where.line, error.where.column) == (2, 10)


def test_sparse_cube_of_enormous_size_is_read_quickly() -> None:
    ids = [f"d{i}" for i in range(30)]
    category = {"category": {"index": [str(i) for i in range(1000)]}}
    document = build_dataset(
        id=ids, size=[1000] * 30, role=..., dimension=dict.fromkeys(ids, category), value={"1001": 5}
    )
    assert list_cells(read_cube(document)) == [(("0",) * 28 + ("1", "1"), 5, None)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_sniffing_and_unicode(encoding: str) -> None:
    data = json.dumps(build_dataset(label="Жртве"), ensure_ascii=False).encode(encoding)
    assert jsonstat.looks_like(data[:4096])
    assert jsonstat.read_file(data).properties["label"] == "Жртве"
    assert not jsonstat.looks_like(b"<html>")
    assert not jsonstat.looks_like(b'{"other": 1}')


REFUSED = {
    "QS104EW.json": "read.jsonstat.id_size",  # four ids, three sizes
    "collection.json": "read.jsonstat.links_only",
    "dimension.json": "read.jsonstat.not_jsonstat",
    "oecd-canada.json": "read.jsonstat.several",
    "sample_data.json": "read.jsonstat.missing",  # has `measure` instead of `value`
}


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the real files are not next to the project")
@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_real_files(path: Path) -> None:
    data = path.read_bytes()
    assert jsonstat.looks_like(data[:4096])
    if path.name in REFUSED:
        assert read_error(data).rule == REFUSED[path.name]
        return
    cube = jsonstat.read_file(data)
    document = json.loads(data)
    content = document if "value" in document else next(iter(document.values()))
    entries = content["value"].values() if isinstance(content["value"], dict) else content["value"]
    assert len(cube.observations) == len(entries)
    numbers = [v for v in entries if isinstance(v, int | float)]
    read_ = [o.value for o in cube.observations if o.value is not None]
    assert len(read_) == len(numbers)
    assert sum(read_) == pytest.approx(sum(numbers))
    assert len({o.key for o in cube.observations}) <= prod(len(d.members) for d in cube.dimensions)
    assert len({o.key for o in cube.observations}) == len(cube.observations)


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the real files are not next to the project")
def test_both_datasets_of_the_samples_of_oecd_and_canada() -> None:
    document = json.loads((REAL / "oecd-canada.json").read_bytes())
    oecd = read_cube({"oecd": document["oecd"]})
    assert len(oecd.observations) == 432
    assert sum(1 for o in oecd.observations if o.attributes.get("status") == "e") == 72
    canada = read_cube({"canada": document["canada"]})
    assert {o.attributes["status"] for o in canada.observations} == {"a"}
