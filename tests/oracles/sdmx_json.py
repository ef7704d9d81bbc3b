"""Read the observations of an SDMX-JSON 2.0 message as its specification says."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def decode_sdmx_json(document: dict[str, Any]) -> Iterable[dict[str, object]]:
    """Yield the observations of a message, with the codes of dimensions and attributes."""
    (structure,), (data_set,) = document["data"]["structures"], document["data"]["dataSets"]
    series_dimensions = structure["dimensions"]["series"]
    (time,) = structure["dimensions"]["observation"]
    attributes = structure["attributes"]["observation"]
    for key, series in data_set["series"].items():
        codes = zip(series_dimensions, key.split(":"), strict=True)
        row: dict[str, object] = {item["id"]: item["values"][int(place)]["id"] for item, place in codes}
        for place, (value, *indices) in series["observations"].items():
            attribute_codes = {
                item["id"]: item["values"][number]["id"] if "values" in item and number is not None else number
                for item, number in zip(attributes, indices, strict=True)
            }
            yield {**row, "TIME_PERIOD": time["values"][int(place)]["value"], "OBS_VALUE": value, **attribute_codes}
