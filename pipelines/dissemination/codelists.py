"""Build the code lists of a release: those of its tables, and the few that only its figures have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from pipelines.core import codes, i18n
from pipelines.core.i18n import mark
from pipelines.dissemination.components import COMPONENTS
from pipelines.dissemination.structures import Code, Codelist, Text
from pipelines.words import areas, indicators, quality
from pipelines.words.language import read_in

Row = Mapping[str, Any]

_RELEASED: Final = {
    "CL_FREQ": "freq",
    "CL_INDICATOR": "metric",
    "CL_MEASURE": "measure",
    "CL_DIRECTION": "direction",
    "CL_PARTNER": "partner",
    "CL_ASSISTANCE": "assistance",
    "CL_CHANNEL": "channel",
    "CL_LEGAL_BASIS": "legal_basis",
    "CL_LEVEL": "level",
    "CL_COUNT_UNIT": "count_unit",
    "CL_STATISTIC": "statistic",
    "CL_OFFENCE_GROUP": "offence_group",
    "CL_OFFENCE": "offence",
    "CL_PERSON_TYPE": "person_type",
    "CL_VICTIM_STATUS": "victim_status",
    "CL_SEX": "sex",
    "CL_AGE": "age",
    "CL_EXPLOITATION": "exploitation",
    "CL_CITIZENSHIP": "citizenship",
    "CL_SENTENCE_TYPE": "sentence_type",
    "CL_SENTENCE_BAND": "sentence_band",
    "CL_INSTRUMENT": "instrument",
    "CL_UNIT_MEASURE": "unit_measure",
    "CL_OBS_STATUS": "obs_status",
    "CL_CONF_STATUS": "conf_status",
}
"""Code lists of a release, by the ids of the structures."""
_TOTAL: Final = mark("Total")
_NOT_APPLICABLE: Final = mark("Not applicable")
_MORE_CODES: Final[Mapping[str, Mapping[str, str]]] = {
    "CL_FREQ": {"_T": mark("Whole time observed"), "_Z": mark("A day"), "_O": mark("Another period")},
    "CL_MEASURE": {"requests_closed": mark("Requests closed"), "_T": _TOTAL, "_Z": _NOT_APPLICABLE},
    "CL_LEVEL": {"_T": _TOTAL, "_Z": _NOT_APPLICABLE},
    "CL_COUNT_UNIT": {"_T": _TOTAL, "_Z": _NOT_APPLICABLE},
    "CL_OFFENCE": {"_T": _TOTAL, "_Z": _NOT_APPLICABLE},
    "CL_INSTRUMENT": {"_T": _TOTAL},
    "CL_OFFENCE_GROUP": {"_Z": _NOT_APPLICABLE},
    "CL_STATISTIC": {
        "value": mark("Figure of the region"),
        "minimum": mark("Lowest territory"),
        "lower_quartile": mark("Lower quartile of the territories"),
        "median": mark("Median"),
        "upper_quartile": mark("Upper quartile of the territories"),
        "maximum": mark("Highest territory"),
        "p25": mark("Lower quartile"),
        "p75": mark("Upper quartile"),
        "p90": mark("90% within"),
        "open_share": mark("Still open"),
        "conviction_ratio": mark("Convicted, of all"),
        "decided_ratio": mark("Convicted, of those adjudicated"),
        "custodial_share": mark("To be served"),
        "suspended_share": mark("Suspended"),
        "below_minimum": mark("Below the statutory minimum"),
        "opening": mark("Pending at the start"),
        "entries": mark("Entries"),
        "exits": mark("Exits"),
        "closing": mark("Pending at the end"),
        "gap": mark("Gap between them"),
        "volume_before": mark("Volume, year before"),
        "count_before": mark("Convictions, year before"),
        "volume_after": mark("Volume, this year"),
        "count_after": mark("Convictions, this year"),
        "change": mark("Change"),
        "volume_effect": mark("Change by volume"),
        "ratio_effect": mark("Change by ratio"),
        "sent": mark("Sent"),
        "received": mark("Received"),
        "ratio": mark("Received per request sent"),
        "left_value": mark("First figure"),
        "right_value": mark("Second figure"),
        "difference": mark("Difference"),
        "relative": mark("Difference, relative to the first figure"),
        "explained": mark("Explained part of the difference"),
        "_Z": _NOT_APPLICABLE,
    },
}
"""Codes that figures have and the code lists of the release lack, with their names."""
_FROM_FIGURES: Final = {
    "CL_RELEASE": "revised_in", "CL_COMPARISON": "comparison", "CL_PUBLISHED_FIGURE": "published_figure",
}  # fmt: skip
"""Code lists of what the figures themselves name, and the tables that have their codes with names in English."""
_MORE_QUALITY: Final = {"TIMELAG_FINAL": mark("Days to the final figures")}


def build_codelists(tables: Mapping[str, Iterable[Row]]) -> dict[str, Codelist]:
    """Return the code lists of a release.

    `tables` has `codelist`, `codelist_label`, `area`, `area_name`, `source`, and may have those of `_FROM_FIGURES`.
    """
    labels: dict[tuple[str, str], dict[str, str]] = {}
    for row in tables["codelist_label"]:
        labels.setdefault((row["codelist"], row["code"]), {})[row["language"]] = row["label"]
    released: dict[str, list[Row]] = {}
    for row in tables["codelist"]:
        released.setdefault(row["codelist"], []).append(row)
    lists = {
        name: (
            *_read_released(codelist, released.get(codelist, ()), labels),
            *_make_codes(_MORE_CODES.get(name, {}), {row["code"] for row in released.get(codelist, ())}),
        )
        for name, codelist in _RELEASED.items()
    }
    lists["CL_INDICATOR"] += _make_codes(_read_sources(quality.COLUMNS) | _MORE_QUALITY)
    lists["CL_AREA"] = tuple(_read_areas(tables["area"], tables["area_name"]))
    lists["CL_VERSION"] = _make_codes({**_read_sources(indicators.VERSIONS), "_Z": _NOT_APPLICABLE})
    lists["CL_BREAKDOWN"] = _make_codes(
        {name: COMPONENTS[name.upper()].name for name in codes.BREAKDOWNS if name.upper() in COMPONENTS}
        | {"_Z": _NOT_APPLICABLE}
    )
    lists["CL_CATEGORY"] = tuple(_list_categories(lists))
    lists["CL_DATA_SOURCE"] = tuple(Code(row["source"], {"en": row["source"]}) for row in tables["source"])
    for name, table in _FROM_FIGURES.items():
        lists[name] = tuple(Code(row["code"], {"en": row["label"]}) for row in tables.get(table, ()))
    lists["CL_UNIT_MULT"] = _make_codes({"0": mark("Units")})
    lists["CL_DECIMALS"] = tuple(Code(str(digits), {"en": str(digits)}) for digits in range(4))
    return {name: Codelist(name, _name_codelist(name), items) for name, items in lists.items()}


def translate_text(text: str) -> Text:
    """Return a text of the software in all languages."""
    return {i18n.html_lang(code): i18n.gettext(text, code) for code in i18n.list_languages()}


def _read_sources(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the English texts of a table of texts."""
    with read_in(i18n.SOURCE_LANGUAGE):
        return dict(texts)


def _name_codelist(name: str) -> Text:
    """Return the name of the first component that has the code list."""
    return translate_text(next(item.name for item in COMPONENTS.values() if item.codelist == name))


def _make_codes(names: Mapping[str, str], existing: Iterable[str] = ()) -> tuple[Code, ...]:
    return tuple(Code(code, translate_text(name)) for code, name in names.items() if code not in existing)


def _read_released(
    codelist: str, rows: Iterable[Row], labels: Mapping[tuple[str, str], Mapping[str, str]]
) -> Iterator[Code]:
    """Yield the public codes of a code list of the release."""
    declared = codes.read_codelist(codelist) if codelist in codes.codelist_names() else {}
    for row in rows:
        attributes = declared.get(row["code"], {})
        if attributes.get("public") != "false":
            names = {"en": row["label"], **labels.get((codelist, row["code"]), {})}
            descriptions = {"en": row["definition"]} if row["definition"] else {}
            yield Code(row["code"], names, descriptions, attributes.get("parent") or None)


def _read_areas(rows: Iterable[Row], names: Iterable[Row]) -> Iterator[Code]:
    """Yield the areas with their names in all languages; the footnote of a name is its description."""
    rows, names = list(rows), list(names)
    rows_by_language: dict[str, Mapping[str, Row]] = {}
    for code in i18n.list_languages():
        with read_in(code):
            rows_by_language[i18n.html_lang(code)] = areas.name_areas(rows, names)
    for row in rows:
        area = row["area"]
        parent = {"region": None, "territory": codes.REGION}.get(row["area_kind"], row["territory"])
        descriptions = {
            lang: by_area[area]["footnote"] for lang, by_area in rows_by_language.items() if row["footnote_en"]
        }
        yield Code(
            area, {lang: by_area[area]["name"] for lang, by_area in rows_by_language.items()}, descriptions, parent
        )


def _list_categories(lists: Mapping[str, tuple[Code, ...]]) -> Iterator[Code]:
    """Yield a code for each category of each breakdown: `sex-F`."""
    yield Code("_Z", translate_text(_NOT_APPLICABLE))
    for name in codes.BREAKDOWNS:
        component = COMPONENTS.get(name.upper())
        for code in lists.get(component.codelist or "", ()) if component is not None else ():
            yield Code(f"{name}-{code.id}", code.names, code.descriptions)
