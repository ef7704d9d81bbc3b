"""Choose the format of an answer by `Accept` or `format=`, and write data in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from pipelines.core.i18n import mark
from pipelines.dissemination.files import join_content
from pipelines.dissemination.formats import Content
from pipelines.dissemination.structures import TIME_PERIOD
from pipelines.dissemination.writers import (
    jsonstat,
    px,
    sdmx_csv,
    sdmx_json,
    sdmx_json_schema,
    sdmx_json_structure,
    sdmx_metadata,
    sdmx_ml,
    sdmx_registry,
    sdmx_schema,
    sdmx_structure,
    tabular,
)
from pipelines.dissemination.writers.extract import Extract
from pipelines.web.sdmx.errors import QueryError, Syntax
from pipelines.web.sdmx.queries import ALL, Version, matches_version

Detail = Literal["full", "dataonly", "serieskeysonly", "nodata"]


@dataclass(frozen=True)
class Style:
    """How data are arranged: the dimension at the observation, the detail, labels of SDMX-CSV and the language."""

    at_observation: str = TIME_PERIOD
    detail: Detail = "full"
    labels: sdmx_csv.Labels = "id"
    language: str = "en"


@dataclass(frozen=True)
class ResponseFormat:
    """A format: its name in `format=`, the type that `Accept` names with its version, and the type that is sent."""

    name: str
    media_type: str
    sent_type: str
    version: str = ""
    write: Callable[[Extract, Style], Content] | None = None
    is_labelled: bool = False
    """True for formats with labels and notes, which always have all columns."""


def _write_generic(extract: Extract, style: Style) -> Content:
    return sdmx_ml.write_generic(extract, style.at_observation, detail=style.detail)


def _write_ml(version: sdmx_ml.Version) -> Callable[[Extract, Style], Content]:
    return lambda extract, style: sdmx_ml.write_structure_specific(
        extract, version, style.at_observation, detail=style.detail
    )


def _write_series(
    write: Callable[[Extract, Style], Content], root: bytes, series_root: bytes
) -> Callable[[Extract, Style], Content]:
    """Return a writer of the special message for time series, which has another root element and nothing else."""

    def write_series(extract: Extract, style: Style) -> bytes:
        if style.at_observation != TIME_PERIOD:
            raise QueryError(
                422, mark("A message for time series has TIME_PERIOD at the observation. Ask for another type.")
            )
        return join_content(write(extract, style)).replace(b"mes:" + root, b"mes:" + series_root)

    return write_series


def _write_json(version: sdmx_json.Version) -> Callable[[Extract, Style], Content]:
    return lambda extract, style: sdmx_json.write_sdmx_json(
        extract, version, style.at_observation, language=style.language, detail=style.detail
    )


def _write_csv(version: sdmx_csv.Version) -> Callable[[Extract, Style], Content]:
    return lambda extract, style: sdmx_csv.write_sdmx_csv(extract, version, style.labels, style.language)


_SDMX: Final = "application/vnd.sdmx."
GENERIC: Final = ResponseFormat(
    "sdmx-generic-2.1", f"{_SDMX}genericdata+xml", sdmx_ml.MEDIA_TYPES["generic"], "2.1",
    _write_generic,
)  # fmt: skip
SPECIFIC: Final = ResponseFormat(
    "sdmx-ml-2.1", f"{_SDMX}structurespecificdata+xml", sdmx_ml.MEDIA_TYPES["2.1"], "2.1", _write_ml("2.1")
)
GENERIC_SERIES: Final = ResponseFormat(
    "sdmx-generic-series-2.1", f"{_SDMX}generictimeseriesdata+xml", f"{_SDMX}generictimeseriesdata+xml; version=2.1",
    "2.1", _write_series(_write_generic, b"GenericData", b"GenericTimeSeriesData"),
)  # fmt: skip
SPECIFIC_SERIES: Final = ResponseFormat(
    "sdmx-series-2.1", f"{_SDMX}structurespecifictimeseriesdata+xml",
    f"{_SDMX}structurespecifictimeseriesdata+xml; version=2.1", "2.1",
    _write_series(_write_ml("2.1"), b"StructureSpecificData", b"StructureSpecificTimeSeriesData"),
)  # fmt: skip
ML_3: Final = ResponseFormat("sdmx-ml-3.0", f"{_SDMX}data+xml", sdmx_ml.MEDIA_TYPES["3.0"], "3.0.0", _write_ml("3.0"))
JSON_1: Final = ResponseFormat(
    "sdmx-json-1.0", f"{_SDMX}data+json", sdmx_json.MEDIA_TYPES["1.0"], "1.0.0", _write_json("1.0")
)
JSON_2: Final = ResponseFormat(
    "sdmx-json-2.0", f"{_SDMX}data+json", sdmx_json.MEDIA_TYPES["2.0"], "2.0.0", _write_json("2.0")
)
CSV_1: Final = ResponseFormat(
    "sdmx-csv-1.0", f"{_SDMX}data+csv", sdmx_csv.MEDIA_TYPES["1.0"], "1.0.0", _write_csv("1.0")
)
CSV_2: Final = ResponseFormat(
    "sdmx-csv-2.0", f"{_SDMX}data+csv", sdmx_csv.MEDIA_TYPES["2.0"], "2.0.0", _write_csv("2.0")
)
XLSX: Final = ResponseFormat(
    "xlsx", tabular.MEDIA_TYPES["xlsx"], tabular.MEDIA_TYPES["xlsx"], "",
    lambda extract, style: tabular.write_xlsx(extract, style.language), True,
)  # fmt: skip
_LABELLED: Final = (
    ResponseFormat("csv", "text/csv", tabular.MEDIA_TYPES["csv"], "",
           lambda extract, style: tabular.write_csv(extract, style.language), True),
    XLSX,
    ResponseFormat("parquet", tabular.MEDIA_TYPES["parquet"], tabular.MEDIA_TYPES["parquet"], "",
           lambda extract, style: tabular.write_parquet(extract, style.language), True),
    ResponseFormat("json-stat", "application/vnd.jsonstat+json", jsonstat.MEDIA_TYPE, "",
           lambda extract, style: jsonstat.write_jsonstat(extract, style.language), True),
    ResponseFormat("px", "application/x-pc-axis", px.MEDIA_TYPE, "",
           lambda extract, style: px.write_px(extract, style.language), True),
)  # fmt: skip
DATA_FORMATS: Final[dict[Version, tuple[ResponseFormat, ...]]] = {
    "v1": (GENERIC, SPECIFIC, GENERIC_SERIES, SPECIFIC_SERIES, ML_3, JSON_1, JSON_2, CSV_1, CSV_2, *_LABELLED),
    "v2": (JSON_2, JSON_1, ML_3, SPECIFIC, GENERIC, GENERIC_SERIES, SPECIFIC_SERIES, CSV_2, CSV_1, *_LABELLED),
}
"""Formats of data, the preferred first."""
_STRUCTURE: Final = f"{_SDMX}structure"
STRUCTURE_ML_2: Final = ResponseFormat("sdmx-ml-2.1", f"{_STRUCTURE}+xml", sdmx_structure.MEDIA_TYPES["2.1"], "2.1")
STRUCTURE_ML_3: Final = ResponseFormat("sdmx-ml-3.0", f"{_STRUCTURE}+xml", sdmx_structure.MEDIA_TYPES["3.0"], "3.0.0")
STRUCTURE_JSON: Final = ResponseFormat("sdmx-json-2.0", f"{_STRUCTURE}+json", sdmx_json_structure.MEDIA_TYPE, "2.0.0")
STRUCTURE_FORMATS: Final[dict[Version, tuple[ResponseFormat, ...]]] = {
    "v1": (STRUCTURE_ML_2, STRUCTURE_ML_3, STRUCTURE_JSON),
    "v2": (STRUCTURE_JSON, STRUCTURE_ML_3, STRUCTURE_ML_2),
}
SCHEMA_ML_2: Final = ResponseFormat("sdmx-schema-2.1", f"{_SDMX}schema+xml", sdmx_schema.MEDIA_TYPES["2.1"], "2.1")
SCHEMA_ML_3: Final = ResponseFormat("sdmx-schema-3.0", f"{_SDMX}schema+xml", sdmx_schema.MEDIA_TYPES["3.0"], "3.0.0")
SCHEMA_JSON: Final = ResponseFormat("sdmx-json-schema-2.0", f"{_SDMX}schema+json", sdmx_json_schema.MEDIA_TYPE, "2.0.0")
SCHEMA_FORMATS: Final[dict[Version, tuple[ResponseFormat, ...]]] = {
    "v1": (*STRUCTURE_FORMATS["v1"], SCHEMA_ML_2, SCHEMA_ML_3, SCHEMA_JSON),
    "v2": (*STRUCTURE_FORMATS["v2"], SCHEMA_JSON, SCHEMA_ML_3, SCHEMA_ML_2),
}
"""Formats of schemas: structures to be read, and JSON Schema and XML Schema to check messages with."""
METADATA_JSON: Final = ResponseFormat(
    "sdmx-json-2.0", f"{_SDMX}metadata+json", sdmx_metadata.MEDIA_TYPES["json"], "2.0.0"
)
METADATA_ML_3: Final = ResponseFormat("sdmx-ml-3.0", f"{_SDMX}metadata+xml", sdmx_metadata.MEDIA_TYPES["3.0"], "3.0.0")
METADATA_ML_2: Final = ResponseFormat(
    "sdmx-ml-2.1", f"{_SDMX}genericmetadata+xml", sdmx_metadata.MEDIA_TYPES["2.1"], "2.1"
)
METADATA_CSV: Final = ResponseFormat("sdmx-csv-2.0", f"{_SDMX}metadata+csv", sdmx_metadata.MEDIA_TYPES["csv"], "2.0.0")
METADATA_FORMATS: Final[dict[Version, tuple[ResponseFormat, ...]]] = {
    "v1": (METADATA_ML_2, METADATA_ML_3, METADATA_JSON, METADATA_CSV),
    "v2": (METADATA_JSON, METADATA_ML_3, METADATA_CSV, METADATA_ML_2),
}
"""Formats of metadata sets, the preferred first."""
REGISTRY_ML_2: Final = ResponseFormat("sdmx-ml-2.1", f"{_SDMX}registry+xml", sdmx_registry.MEDIA_TYPES["2.1"], "2.1")
REGISTRY_ML_3: Final = ResponseFormat("sdmx-ml-3.0", f"{_SDMX}registry+xml", sdmx_registry.MEDIA_TYPES["3.0"], "3.0.0")
REGISTRY_FORMATS: Final = (REGISTRY_ML_3, REGISTRY_ML_2)
"""Formats of registered data sources: the standard has them in XML only."""
_SHORT_NAMES: Final = ("sdmx-json", "sdmx-ml", "sdmx-csv")
"""Names in `format=` without a version: the preferred one of the family."""
_GENERAL: Final = {"application/xml": "+xml", "text/xml": "+xml", "application/json": "+json"}


@dataclass(frozen=True)
class MediaRange:
    """One media range of an `Accept` header."""

    name: str
    parameters: tuple[tuple[str, str], ...] = ()
    quality: float = 1.0

    def find_parameter(self, parameter: str) -> str | None:
        """Return the value of a parameter."""
        return dict(self.parameters).get(parameter)


def parse_accept(text: str) -> list[MediaRange]:
    """Return the media ranges of an `Accept` header, the preferred first; those with quality 0 are left out."""
    ranges = []
    for part in text.split(","):
        name, *fields = (field.strip() for field in part.split(";"))
        if not name:
            continue
        parameters, quality = [], 1.0
        for field in fields:
            key, _, value = (item.strip() for item in field.partition("="))
            if key.lower() == "q":
                quality = float(value) if value.replace(".", "", 1).isdecimal() else 0.0
            elif key:
                parameters.append((key, value.strip('"')))
        if quality > 0:
            ranges.append(MediaRange(name.lower(), tuple(parameters), quality))
    return sorted(ranges, key=lambda item: -item.quality)


@dataclass(frozen=True)
class FormatChoice:
    """The chosen format, and the labels of SDMX-CSV."""

    format: ResponseFormat
    labels: sdmx_csv.Labels = "id"


def choose_format(formats: Sequence[ResponseFormat], accept: str, name: str | None) -> FormatChoice:
    """Return the format that a client prefers; `name` from `format=` comes first. Raises QueryError 406 if none is."""
    if name is not None and "/" not in name:
        for item in formats:
            if name == item.name or (name in _SHORT_NAMES and item.name.startswith(f"{name}-")):
                return FormatChoice(item)
        raise _refuse_format(f"format={name}", formats)
    text = name if name is not None else accept
    ranges = parse_accept(text) if text.strip() else [MediaRange("*/*")]
    for media_range in ranges:
        for item in formats:
            if _is_accepted(item, media_range):
                return FormatChoice(item, _read_labels(media_range))
    raise _refuse_format(text, formats)


def _is_accepted(item: ResponseFormat, media_range: MediaRange) -> bool:
    name, version = media_range.name, media_range.find_parameter("version")
    if version is not None and item.version and not _is_version(version, item.version):
        return False
    if name in ("*/*", "*"):
        return True
    if name.endswith("/*"):
        return item.media_type.startswith(name[:-1])
    if name in _GENERAL:
        return item.media_type.startswith(_SDMX) and item.media_type.endswith(_GENERAL[name])
    if name != item.media_type:
        return False
    requested = {key: media_range.find_parameter(key) for key in ("timeFormat", "keys", "labels")}
    return (
        requested["timeFormat"] in (None, "original")
        and requested["keys"] in (None, "none")
        and requested["labels"] in (None, "id", "name", "both")
    )


def _is_version(asked: str, version: str) -> bool:
    """Return True if a version is meant; `2.0` and `2` are short for `2.0.0`."""
    length = version.count(".") + 1
    padded = ".".join([*asked.split("."), *["0"] * length][: max(length, asked.count(".") + 1)])
    return matches_version(padded, version)


def _read_labels(media_range: MediaRange) -> sdmx_csv.Labels:
    match media_range.find_parameter("labels"):
        case "name":
            return "name"
        case "both":
            return "both"
        case _:
            return "id"


def _refuse_format(asked: str, formats: Sequence[ResponseFormat]) -> QueryError:
    return QueryError(
        406,
        mark("{asked} is not offered here. Ask with Accept or format= for one of: {offers}."),
        asked=asked,
        offers=", ".join(f"{item.name} ({item.sent_type})" for item in formats),
    )


def choose_error_syntax(version: Version, accept: str) -> Syntax:
    """Return how an error is written for a client: in the syntax that it prefers."""
    for media_range in parse_accept(accept) or [MediaRange("*/*")]:
        if media_range.name.endswith(("json",)):
            return "json"
        if media_range.name.endswith("xml"):
            return "xml"
        if media_range.name in ("*/*", f"application/{ALL}"):
            return "xml" if version == "v1" else "json"
        return "text"
    return "text"
