"""Read the observations of an SDMX-JSON message, version 2.0 or 1.0, as its specification says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def decode_sdmx_json(document: dict[str, Any]) -> Iterable[dict[str, object]]:
    """Yield the observations of a message of series, with the codes of dimensions and attributes of observations."""
    data = document["data"]
    (data_set,) = data["dataSets"]
    # Version 1.0 has one structure, and an index for every attribute; version 2.0 has values of those without codes.
    structure = data["structure"] if "structure" in data else data["structures"][data_set["structure"]]
    series_dimensions = structure["dimensions"]["series"]
    (time,) = structure["dimensions"]["observation"]
    attributes = structure["attributes"]["observation"]
    for key, series in data_set["series"].items():
        codes = zip(series_dimensions, key.split(":"), strict=True)
        row: dict[str, object] = {item["id"]: item["values"][int(place)]["id"] for item, place in codes}
        for place, (value, *indices) in series["observations"].items():
            attribute_codes = {
                item["id"]: _read_value(item["values"][number]) if "values" in item and number is not None else number
                for item, number in zip(attributes, indices, strict=True)
            }
            period = _read_value(time["values"][int(place)])
            yield {**row, "TIME_PERIOD": period, "OBS_VALUE": value, **attribute_codes}


def _read_value(listed: dict[str, Any]) -> object:
    """Return the code of a listed value, or the value itself if it has no code."""
    return next(listed[name] for name in ("id", "value", "name") if name in listed)
