"""Read JSON-stat 1.x and 2.0 into a labelled cube.

JSON-stat has no languages: labels are under `und`. JSON has no lines, so the place of an observation is its position
in `value`, counted from 0 as in the format.
"""

from __future__ import annotations

import json
from collections import Counter
from math import isfinite, prod
from typing import Any, Literal, NoReturn, cast

from pipelines.model.content import Cube, Member, ReadError, Remark, Scalar, SourceDimension, Where
from pipelines.reading.formats.common import MAX_CELLS
from pipelines.reading.formats.jsonstat_cube import DimensionPart, JsonStatObservations

LANGUAGE = "und"

RULES: dict[str, tuple[str, str]] = {
    "read.empty": ("The file is empty.", "Save the file again and send the new copy."),
    "read.json.encoding": (
        "The text is not valid Unicode (byte {position}).",
        "Save the file as UTF-8; JSON knows no other codepage.",
    ),
    "read.json.syntax": (
        "The JSON cannot be read at line {line}, column {column}: {detail}.",
        "Save the file again from the program that made it; do not edit it by hand.",
    ),
    "read.json.repeated_key": ("The name {name} appears twice in one JSON object.", "Remove one of the two."),
    "read.jsonstat.not_jsonstat": (
        "This JSON is not a JSON-stat dataset: {detail}.",
        "Send a JSON-stat file of class dataset, with id, size, dimension and value.",
    ),
    "read.jsonstat.several": (
        "The file holds {count} datasets ({names}); a return is one dataset.",
        "Send each dataset as a file of its own.",
    ),
    "read.jsonstat.links_only": (
        "The file is a collection of links; it holds no figures itself.",
        "Send the dataset itself. Links are never followed.",
    ),
    "read.jsonstat.missing": ("{name} is missing or is not what JSON-stat says it must be.", "Add {name}: {expected}."),
    "read.jsonstat.id_size": (
        "id names {ids} dimensions, but size gives {sizes} sizes.",
        "id and size must have the same number of entries, in the same order.",
    ),
    "read.jsonstat.category": (
        "The dimension {dimension} has {seen} categories, but its size is {expected}.",
        "List every category once in category.index (or category.label where there is one).",
    ),
    "read.jsonstat.index": (
        "category.index of {dimension} does not number its categories 0, 1, 2 …",
        "Give each category its own position, from 0 without gaps.",
    ),
    "read.jsonstat.count": (
        "{name} has {seen} entries, but the dimensions make {expected}.",
        "A list must have one entry for each combination; write null where there is none.",
    ),
    "read.jsonstat.position": (
        "{name} has an entry at {seen}; positions go from 0 to {last}.",
        "Correct the position.",
    ),
    "read.jsonstat.value": (
        "{seen} is neither a number, a text nor null.",
        "Write a number, or null with a status.",
    ),
}

_ROLES: tuple[Literal["time", "geo", "metric"], ...] = ("time", "geo", "metric")
_ENTRY = {int, float, str, type(None)}
_NOT_PROPERTIES = frozenset({"id", "size", "role", "dimension", "value", "status", "link"})


def looks_like(head: bytes) -> bool:
    """Return True if the first bytes (up to 4096) are those of a JSON object with a name that JSON-stat uses."""
    text = head[:4096].replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    names = (b'"dataset"', b'"dimension"', b'"value"', b'"category"', b'"collection"', b'"size"')
    return text.startswith(b"{") and any(name in text for name in names)


def read_file(data: bytes, *, encodings: tuple[str, ...] = ()) -> Cube:
    """Read a JSON-stat file. `encodings` is not used: JSON is Unicode by definition.

    Observations: every entry of `value` that is present; an entry that has only a status has no value. A text instead
    of a number is returned as `status`. The status of an observation that has a number is its attribute `status`; units
    of the contents are attributes `unit.*`. Raises ReadError (`RULES`).
    """
    document = _parse_document(data)
    name, dataset = _find_dataset(document)
    dimension = dataset.get("dimension")
    if not isinstance(dimension, dict):
        _raise_missing("dimension", "an object with one entry for each dimension")
    # version 1 has id, size and role inside dimension, version 2 next to it
    ids = _require_texts(dataset.get("id", dimension.get("id")), "id")
    sizes = _read_sizes(dataset.get("size", dimension.get("size")))
    if len(ids) != len(sizes):
        raise ReadError("read.jsonstat.id_size", Where(keyword="size"), ids=len(ids), sizes=len(sizes))
    if len(set(ids)) != len(ids):
        _raise_missing("id", "each dimension once")
    roles = dataset.get("role", dimension.get("role"))
    dimensions = [
        _read_dimension(dimension_id, dimension.get(dimension_id), size, roles)
        for dimension_id, size in zip(ids, sizes, strict=True)
    ]
    cells = prod(sizes)
    values = _read_entries(dataset.get("value"), "value", cells)
    remarks: list[Remark] = []
    status = _read_status(dataset.get("status"), cells, remarks)
    properties = _read_properties(dataset)
    if name:
        properties["dataset"] = name
    return Cube(
        format="jsonstat",
        dimensions=tuple(dimension_id for dimension_id, _ in dimensions),
        observations=_read_observations(
            values, status, tuple(part for _, part in dimensions), _read_notes(dataset.get("note")), cells
        ),
        default_language=LANGUAGE,
        languages=(LANGUAGE,),
        absent="missing",
        properties=properties,
        symbols=_read_status_labels(dataset.get("status")),
        remarks=tuple(remarks),
    )


def _parse_document(data: bytes) -> dict[str, Any]:
    """Parse the JSON object; refuse repeated keys, NaN and oversized numbers."""
    if not data.strip(b"\x00 \t\r\n"):
        raise ReadError("read.empty")
    try:
        document = json.loads(data, object_pairs_hook=_refuse_repeated_keys, parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ReadError("read.json.encoding", Where(line=line), position=error.start) from error
    except json.JSONDecodeError as error:
        place = Where(line=error.lineno, column=error.colno)
        params: dict[str, Scalar] = {"line": error.lineno, "column": error.colno, "detail": error.msg}
        raise ReadError("read.json.syntax", place, **params) from error
    except RecursionError as error:
        raise ReadError("read.json.syntax", line=1, column=1, detail="nested too deeply") from error
    except ValueError as error:  # a number of thousands of digits, or NaN
        raise ReadError("read.json.syntax", line=1, column=1, detail=str(error).split(";")[0]) from error
    if not isinstance(document, dict):
        raise ReadError("read.jsonstat.not_jsonstat", detail="it is not an object")
    return document


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        repeated_name = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise ReadError("read.json.repeated_key", Where(keyword=repeated_name[:80]), name=repeated_name[:80])
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _find_dataset(document: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return name and content of the only dataset with values; raise if there is none or more than one."""
    kind = document.get("class")
    if kind == "collection":
        items = document.get("link", {}).get("item", []) if isinstance(document.get("link"), dict) else []
        datasets = [(None, item) for item in items if isinstance(item, dict) and "value" in item]
        if not datasets:
            raise ReadError("read.jsonstat.links_only", Where(keyword="link.item"))
        return _take_only_dataset(cast("list[tuple[str | None, dict[str, Any]]]", datasets))
    if kind == "dimension":
        raise ReadError("read.jsonstat.not_jsonstat", Where(keyword="class"), detail="it is a dimension without values")
    if kind == "dataset":
        return None, document
    if kind is not None and kind != "bundle":
        raise ReadError("read.jsonstat.not_jsonstat", Where(keyword="class"), detail=f"its class is {str(kind)[:40]}")
    if "value" in document and "dimension" in document:
        return None, document
    # version 1: an object of named datasets
    bundle = [
        (name, item)
        for name, item in document.items()
        if isinstance(item, dict) and isinstance(item.get("dimension"), dict)
    ]
    if not bundle:
        raise ReadError("read.jsonstat.not_jsonstat", detail="nothing in it has dimension and value")
    return _take_only_dataset(cast("list[tuple[str | None, dict[str, Any]]]", bundle))


def _take_only_dataset(datasets: list[tuple[str | None, dict[str, Any]]]) -> tuple[str | None, dict[str, Any]]:
    if len(datasets) > 1:
        names = ", ".join(str(name or item.get("label", "?")) for name, item in datasets)
        raise ReadError("read.jsonstat.several", count=len(datasets), names=names[:200])
    return datasets[0]


def _read_dimension(name: str, stated: Any, size: int, roles: Any) -> tuple[SourceDimension, DimensionPart]:
    """Return one dimension, and what its categories add to observations."""
    place = Where(keyword=f"dimension.{name}.category")
    category = stated.get("category") if isinstance(stated, dict) else None
    if not isinstance(category, dict):
        _raise_missing(f"dimension.{name}.category", "an object with index, label, or both")
    labels = category.get("label", {})
    if not isinstance(labels, dict):
        _raise_missing(f"dimension.{name}.category.label", "an object of labels by category")
    codes = _read_codes(name, category.get("index"), labels, place)
    if len(codes) != size:
        raise ReadError("read.jsonstat.category", place, dimension=name, seen=len(codes), expected=size)
    by_code = category.get("note")
    notes_by_code = {c: _read_notes(by_code.get(c)) for c in codes} if isinstance(by_code, dict) else {}
    member_notes = {code: notes for code, notes in notes_by_code.items() if notes}
    members = tuple(Member(code, {LANGUAGE: str(labels.get(code, code))}) for code in codes)
    dimension = SourceDimension(name, {LANGUAGE: str(stated.get("label", name))}, members, _find_role(roles, name))
    return dimension, DimensionPart(
        tuple(codes), _read_notes(stated.get("note")), member_notes, _read_units(category.get("unit"))
    )


def _read_codes(name: str, index: Any, labels: dict[str, Any], place: Where) -> list[str]:
    """Return the codes of a dimension in order, from a list or an object of positions."""
    if index is None:
        # only a dimension of one category may omit index; the order of several would be a guess
        if len(labels) != 1:
            raise ReadError("read.jsonstat.index", place, dimension=name)
        return [str(code) for code in labels]
    if isinstance(index, list):
        codes = [str(code) for code in index]
        if len(set(codes)) != len(codes):
            raise ReadError("read.jsonstat.index", place, dimension=name)
        return codes
    if isinstance(index, dict):
        positions = {code: _read_count(at) for code, at in index.items()}
        if set(positions.values()) == set(range(len(index))):
            return sorted(positions, key=lambda code: cast(int, positions[code]))
    raise ReadError("read.jsonstat.index", place, dimension=name)


def _read_sizes(stated: Any) -> list[int]:
    """Return the sizes of the dimensions; the statistical office of Ireland writes them as texts."""
    sizes = [_read_count(size) for size in stated] if isinstance(stated, list) else []
    if not sizes or None in sizes or 0 in sizes:
        _raise_missing("size", "the number of categories of each dimension")
    return cast("list[int]", sizes)


def _read_count(stated: Any) -> int | None:
    """Return a whole number from 0, also if it is written as a text; None for anything else."""
    if isinstance(stated, str) and stated.isascii() and stated.isdigit() and len(stated) < 10:
        return int(stated)
    return stated if isinstance(stated, int) and not isinstance(stated, bool) and stated >= 0 else None


def _read_entries(stated: Any, name: str, cells: int) -> list[tuple[int, Any]]:
    """Return (position, entry) of a list or of a sparse object, in order of position."""
    if isinstance(stated, list | dict) and len(stated) > MAX_CELLS:
        raise ReadError("read.too_many_cells", Where(keyword=name), limit=MAX_CELLS)
    if isinstance(stated, list):
        if len(stated) != cells:
            raise ReadError("read.jsonstat.count", Where(keyword=name), name=name, seen=len(stated), expected=cells)
        return list(enumerate(stated))
    if not isinstance(stated, dict):
        _raise_missing(name, "a list of values, or an object of values by position")
    placed = {_parse_position(at, name, cells): entry for at, entry in stated.items()}
    if len(placed) != len(stated):  # "1" and "01" are the same position
        raise ReadError("read.json.repeated_key", Where(keyword=name), name=name)
    return sorted(placed.items(), key=lambda pair: pair[0])


def _parse_position(at: str, name: str, cells: int) -> int:
    if at.isascii() and at.isdigit() and len(at) < 20 and int(at) < cells:
        return int(at)
    raise ReadError("read.jsonstat.position", Where(keyword=name), name=name, seen=at[:40], last=cells - 1)


def _read_status(stated: Any, cells: int, remarks: list[Remark]) -> dict[int, str] | str:
    """Return the status by position, or one text for all; a single entry means all (oecd-canada sample).

    Until 2021 Eurostat wrote `{"value": [...], "category": {"label": {...}}}`. An entry that is not at a number is not
    the status of a value: it is remarked and left out.
    """
    if isinstance(stated, dict) and isinstance(stated.get("value"), list | dict):
        stated = stated["value"]
    if stated is None:
        return {}
    if isinstance(stated, str):
        return stated
    if isinstance(stated, list) and len(stated) == 1 and cells > 1:
        return str(stated[0])
    if isinstance(stated, dict):
        names = [name for name in stated if not name.lstrip("-").isdigit()]
        remarks += (
            Remark(
                "read.jsonstat.position",
                Where(keyword=f"status.{name[:40]}"),
                {"name": "status", "seen": name[:40], "last": cells - 1},
            )
            for name in names[:1]
        )
        stated = {name: entry for name, entry in stated.items() if name not in names}
    return {at: str(entry) for at, entry in _read_entries(stated, "status", cells) if entry is not None}


def _read_status_labels(stated: Any) -> dict[str, str]:
    """Return the meaning of each status, which only Eurostat's form before 2021 has."""
    category = stated.get("category") if isinstance(stated, dict) else None
    labels = category.get("label") if isinstance(category, dict) else None
    return {sign: str(label) for sign, label in labels.items()} if isinstance(labels, dict) else {}


def _read_observations(
    stated: list[tuple[int, Any]],
    status: dict[int, str] | str,
    parts: tuple[DimensionPart, ...],
    notes: tuple[str, ...],
    cells: int,
) -> JsonStatObservations:
    """Combine values and statuses; refuse values that are neither finite numbers, texts nor null."""
    placed_entries = stated
    if isinstance(status, dict) and status and len(placed_entries) < cells:
        # a cell may have a status and no value: it is in the file, and the status says why it is empty
        value_positions = {at for at, _ in placed_entries}
        placed_entries = sorted(
            [*placed_entries, *((at, None) for at in status if at not in value_positions)], key=lambda pair: pair[0]
        )
    entries = [entry for _, entry in placed_entries]
    kinds = set(map(type, entries))
    if not kinds <= _ENTRY or (float in kinds and not all(isfinite(e) for e in entries if isinstance(e, float))):
        _refuse_entry(placed_entries)
    positions = None if len(placed_entries) == cells else [at for at, _ in placed_entries]
    plain = not (notes or status) and all(part.plain for part in parts)
    return JsonStatObservations(parts, entries, positions, status, notes, plain)


def _refuse_entry(placed_entries: list[tuple[int, Any]]) -> NoReturn:
    for at, entry in placed_entries:
        if type(entry) not in _ENTRY or (isinstance(entry, float) and not isfinite(entry)):
            raise ReadError("read.jsonstat.value", Where(keyword=f"value[{at}]"), seen=str(entry)[:40])
    raise AssertionError("called without a faulty entry")


def _find_role(roles: Any, name: str) -> Literal["time", "geo", "metric"] | None:
    if isinstance(roles, dict):
        for role in _ROLES:
            if name in (roles.get(role) or ()):
                return role
    return None


def _read_units(stated: Any) -> dict[str, dict[str, str]]:
    if not isinstance(stated, dict):
        return {}
    return {
        code: {f"unit.{name}": str(value) for name, value in unit.items() if not isinstance(value, dict | list)}
        for code, unit in stated.items()
        if isinstance(unit, dict)
    }


def _read_notes(stated: Any) -> tuple[str, ...]:
    if isinstance(stated, str):
        return (stated,) if stated else ()
    return tuple(str(note) for note in stated if note) if isinstance(stated, list) else ()


def _read_properties(dataset: dict[str, Any]) -> dict[str, Scalar]:
    properties: dict[str, Scalar] = {}
    for name, value in dataset.items():
        if name in _NOT_PROPERTIES:
            continue
        if isinstance(value, dict):
            properties |= {f"{name}.{k}": v for k, v in value.items() if isinstance(v, str | int | float | bool)}
        elif isinstance(value, list):
            properties[name] = "\n".join(str(v) for v in value)
        else:
            properties[name] = value
    return properties


def _require_texts(stated: Any, name: str) -> list[str]:
    if not isinstance(stated, list) or not stated or not all(isinstance(text, str) for text in stated):
        _raise_missing(name, "a list of dimension names")
    return stated


def _raise_missing(name: str, expected: str) -> NoReturn:
    raise ReadError("read.jsonstat.missing", Where(keyword=name), name=name, expected=expected)
