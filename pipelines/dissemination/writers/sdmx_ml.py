"""Write data in SDMX-ML: structure-specific of versions 2.1 and 3.0, and generic of version 2.1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal
from xml.sax.saxutils import escape, quoteattr

import polars as pl

from pipelines.dissemination.structures import OBS_VALUE, TIME_PERIOD, DataStructure, StructureError, Text
from pipelines.dissemination.writers.extract import Context, Extract, join_chunks, to_text

Version = Literal["2.1", "3.0"]
ALL_DIMENSIONS: Final = "AllDimensions"
MEDIA_TYPES: Final = {
    "2.1": "application/vnd.sdmx.structurespecificdata+xml; version=2.1",
    "3.0": "application/vnd.sdmx.data+xml; version=3.0.0",
    "generic": "application/vnd.sdmx.genericdata+xml; version=2.1",
}
NAMESPACE: Final = {
    version: f"http://www.sdmx.org/resources/sdmxml/schemas/v{version.replace('.', '_')}" for version in ("2.1", "3.0")
}
_USAGE: Final[Mapping[Context, str]] = {"dataflow": "StructureUsage", "datastructure": "Structure"}
"""Elements of headers that refer to a dataflow and to a data structure."""
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_ACTION: Final = "Information"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def write_structure_specific(
    extract: Extract, version: Version = "2.1", dimension_at_observation: str = TIME_PERIOD, *, detail: str = "full"
) -> Iterator[bytes]:
    """Yield a structure-specific data message.

    `dimension_at_observation` is `TIME_PERIOD`, another dimension, or `AllDimensions` for flat observations. `detail`
    is `full`, `dataonly` (no attributes), `serieskeysonly` or `nodata` (series with their attributes).
    """
    return join_chunks(_compose_specific(extract, version, dimension_at_observation, detail))


def write_generic(
    extract: Extract, dimension_at_observation: str = TIME_PERIOD, *, detail: str = "full"
) -> Iterator[bytes]:
    """Yield a generic data message of SDMX-ML 2.1; the arguments are those of `write_structure_specific`."""
    return join_chunks(_compose_generic(extract, dimension_at_observation, detail))


# ------------------------------------------------------------------------------------------------ structure-specific


def _compose_specific(extract: Extract, version: Version, at_observation: str, detail: str) -> Iterator[str]:
    base = NAMESPACE[version]
    flow, structures = extract.dataflow, extract.structures
    namespace = f"{extract.urn}:ObsLevelDim:{at_observation}"
    yield (
        f'{_DECLARATION}<mes:StructureSpecificData xmlns:mes="{base}/message" xmlns:com="{base}/common" '
        f'xmlns:ss="{base}/data/structurespecific" xmlns:xsi="{_XSI}" xmlns:ns1="{namespace}">\n'
    )
    if version == "2.1":
        usage = f'<Ref agencyID="{structures.agency}" id="{flow.id}" version="{structures.version}"/>'
    else:
        usage = extract.urn
    yield _compose_header(
        extract,
        f'<mes:Structure structureID="{flow.id}" namespace="{namespace}" dimensionAtObservation="{at_observation}">'
        f"<com:{_USAGE[extract.context]}>{usage}</com:{_USAGE[extract.context]}></mes:Structure>",
    )
    scope = ' ss:dataScope="DataStructure"' if version == "2.1" else ""
    yield f'<mes:DataSet ss:structureRef="{flow.id}" xsi:type="ns1:DataSetType"{scope} ss:action="{_ACTION}">\n'
    yield from _compose_observations(extract, at_observation, detail, _AttributeStyle())
    yield "</mes:DataSet>\n</mes:StructureSpecificData>\n"


class _AttributeStyle:
    """Structure-specific observations: each component is an XML attribute."""

    def compose_series_start(self, names: Sequence[str], attributes: Sequence[str]) -> pl.Expr:
        return pl.concat_str(pl.lit("<Series"), *(_as_attribute(name) for name in (*names, *attributes)), pl.lit(">\n"))

    def series_end(self) -> str:
        return "</Series>\n"

    def compose_observation(self, names: Sequence[str], value: bool, attributes: Sequence[str], flat: bool) -> pl.Expr:
        fields = [*names, *([OBS_VALUE] if value else []), *attributes]
        return pl.concat_str(pl.lit("<Obs"), *(_as_attribute(name) for name in fields), pl.lit("/>\n"))


class _GenericStyle:
    """Generic observations: each component is an element with an id and a value."""

    def compose_series_start(self, names: Sequence[str], attributes: Sequence[str]) -> pl.Expr:
        parts = [pl.lit("<gen:Series><gen:SeriesKey>"), *map(_as_value, names), pl.lit("</gen:SeriesKey>")]
        if attributes:
            parts += [pl.lit("<gen:Attributes>"), *map(_as_value, attributes), pl.lit("</gen:Attributes>")]
        return pl.concat_str(*parts, pl.lit("\n"))

    def series_end(self) -> str:
        return "</gen:Series>\n"

    def compose_observation(self, names: Sequence[str], value: bool, attributes: Sequence[str], flat: bool) -> pl.Expr:
        parts: list[pl.Expr] = [pl.lit("<gen:Obs>")]
        if flat:
            parts += [pl.lit("<gen:ObsKey>"), *map(_as_value, names), pl.lit("</gen:ObsKey>")]
        else:
            parts += [pl.format('<gen:ObsDimension value="{}"/>', pl.col(names[0]))]
        if value:
            parts.append(_optional(OBS_VALUE, '<gen:ObsValue value="', '"/>'))
        if attributes:
            parts += [pl.lit("<gen:Attributes>"), *map(_as_value, attributes), pl.lit("</gen:Attributes>")]
        return pl.concat_str(*parts, pl.lit("</gen:Obs>\n"))


def _compose_observations(
    extract: Extract, at_observation: str, detail: str, style: _AttributeStyle | _GenericStyle
) -> Iterator[str]:
    """Yield series with their observations, or observations alone."""
    structure = extract.dataflow.structure
    with_values = detail in ("full", "dataonly")
    with_attributes = detail in ("full", "nodata")
    of_series = [item.id for item in structure.list_attributes("series")] if with_attributes else []
    of_observations = [item.id for item in structure.list_attributes("observation")] if detail == "full" else []
    rows = _escape_texts(to_text(extract.observations), structure)
    if at_observation == ALL_DIMENSIONS:
        names = [*structure.dimension_ids, TIME_PERIOD]
        if rows.height:
            yield from rows.select(
                style.compose_observation(names, with_values, [*of_series, *of_observations], True)
            ).to_series()
        return
    everything = [*structure.dimension_ids, TIME_PERIOD]
    if at_observation not in everything:
        raise StructureError(f"{extract.dataflow.id} has no dimension {at_observation}")
    names = [name for name in everything if name != at_observation]
    if at_observation != TIME_PERIOD:
        of_observations, of_series = [*of_series, *of_observations], []
    parts = rows.select(
        *names,
        style.compose_series_start(names, of_series).alias("_series"),
        style.compose_observation([at_observation], with_values, of_observations, False).alias("_obs"),
    )
    grouped = parts.group_by(names, maintain_order=True).agg(pl.col("_series").first(), pl.col("_obs").str.join(""))
    for start, observations in grouped.select("_series", "_obs").iter_rows():
        yield f"{start}{observations if with_values else ''}{style.series_end()}"


def _escape_texts(rows: pl.DataFrame, structure: DataStructure) -> pl.DataFrame:
    """Escape what XML reserves in attributes without a code list; codes, numbers and periods have nothing to escape."""
    texts = [item.id for item in structure.attributes if item.codelist is None and item.text_type == "String"]
    return rows.with_columns(
        pl.col(name).str.replace_many(["&", "<", ">", '"'], ["&amp;", "&lt;", "&gt;", "&quot;"]) for name in texts
    )


def _optional(name: str, before: str, after: str) -> pl.Expr:
    """Return a column between two texts, or nothing where it is null."""
    return pl.when(pl.col(name).is_null()).then(pl.lit("")).otherwise(
        pl.concat_str(pl.lit(before), pl.col(name), pl.lit(after))
    )  # fmt: skip


def _as_attribute(name: str) -> pl.Expr:
    return _optional(name, f' {name}="', '"')


def _as_value(name: str) -> pl.Expr:
    return _optional(name, f'<gen:Value id="{name}" value="', '"/>')


# ----------------------------------------------------------------------------------------------------------- generic


def _compose_generic(extract: Extract, at_observation: str, detail: str) -> Iterator[str]:
    base = NAMESPACE["2.1"]
    flow, structures, usage = extract.dataflow, extract.structures, _USAGE[extract.context]
    yield (
        f'{_DECLARATION}<mes:GenericData xmlns:mes="{base}/message" xmlns:com="{base}/common" '
        f'xmlns:gen="{base}/data/generic">\n'
    )
    yield _compose_header(
        extract,
        f'<mes:Structure structureID="{flow.id}" dimensionAtObservation="{at_observation}"><com:{usage}>'
        f'<Ref agencyID="{structures.agency}" id="{flow.id}" version="{structures.version}"/></com:{usage}>'
        "</mes:Structure>",
    )
    yield f'<mes:DataSet structureRef="{flow.id}" action="{_ACTION}">\n'
    yield from _compose_observations(extract, at_observation, detail, _GenericStyle())
    yield "</mes:DataSet>\n</mes:GenericData>\n"


# ------------------------------------------------------------------------------------------------------------ header


def _compose_header(extract: Extract, structure: str) -> str:
    """Return the header of a data message: its source has the citation and the footnotes of names."""
    languages = extract.structures.languages
    sources = {language: extract.describe_source(language) for language in languages}
    return (
        f"<mes:Header><mes:ID>{extract.message_id}</mes:ID><mes:Test>{_is_test(extract)}</mes:Test>"
        f"<mes:Prepared>{extract.prepared}</mes:Prepared><mes:Sender id={quoteattr(extract.structures.agency)}/>"
        f"{structure}"
        f"<mes:DataSetAction>{_ACTION}</mes:DataSetAction><mes:DataSetID>{extract.message_id}</mes:DataSetID>"
        f"<mes:Extracted>{extract.prepared}</mes:Extracted>{write_texts('mes:Source', sources)}</mes:Header>\n"
    )


def _is_test(extract: Extract) -> str:
    """Return `true` for demonstration data, as SDMX marks messages whose data is not real."""
    return "true" if extract.structures.edition.is_demonstration else "false"


def write_texts(element: str, texts: Text) -> str:
    """Return one element for each language of a text."""
    return "".join(
        f"<{element} xml:lang={quoteattr(language)}>{escape(text)}</{element}>"
        for language, text in texts.items()
        if text
    )
