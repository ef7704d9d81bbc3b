"""SDMX data messages: SDMX-ML 2.1 structure-specific and generic, and SDMX-CSV 1.0."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

_MES = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
_SPECIFIC = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/structurespecific"
_GENERIC = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic"
_COMMON = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True)
class Observation:
    """One observation: key without time, period, value (None: missing) and attributes."""

    key: Mapping[str, str]
    period: str
    value: float | int | None
    attributes: Mapping[str, str]


def _groups(observations: Sequence[Observation]) -> dict[tuple[tuple[str, str], ...], list[Observation]]:
    series: dict[tuple[tuple[str, str], ...], list[Observation]] = {}
    for observation in observations:
        series.setdefault(tuple(observation.key.items()), []).append(observation)
    return series


def _header(agency: str, flow: str, prepared: str, comment: str, kind: str) -> list[str]:
    return [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<!-- {escape(comment)} -->",
        f'<mes:{kind} xmlns:mes="{_MES}" xmlns:ss="{_SPECIFIC}" xmlns:gen="{_GENERIC}" xmlns:com="{_COMMON}" '
        f'xmlns:xsi="{_XSI}">',
        "  <mes:Header>",
        f"    <mes:ID>{escape(flow)}</mes:ID>",
        "    <mes:Test>true</mes:Test>",
        f"    <mes:Prepared>{prepared}</mes:Prepared>",
        f'    <mes:Sender id={quoteattr(agency)}><com:Name xml:lang="en">{escape(comment)}</com:Name></mes:Sender>',
        f'    <mes:Structure structureID="{flow}" dimensionAtObservation="TIME_PERIOD">',
        f'      <com:Structure><Ref agencyID="{agency}" id="{flow}" version="1.0"/></com:Structure>',
        "    </mes:Structure>",
        "  </mes:Header>",
    ]


def write_specific(
    observations: Sequence[Observation], *, agency: str, flow: str, prepared: str, comment: str
) -> bytes:
    """Return a StructureSpecificData message in series."""
    lines = _header(agency, flow, prepared, comment, "StructureSpecificData")
    lines.append(f'  <mes:DataSet ss:structureRef="{flow}" ss:dataScope="DataStructure" ss:action="Replace">')
    for key, members in _groups(observations).items():
        lines.append(f"    <Series {' '.join(f'{name}={quoteattr(code)}' for name, code in key)}>")
        for observation in members:
            value = "" if observation.value is None else f' OBS_VALUE="{observation.value:g}"'
            attributes = "".join(f" {name}={quoteattr(text)}" for name, text in observation.attributes.items())
            lines.append(f'      <Obs TIME_PERIOD="{observation.period}"{value}{attributes}/>')
        lines.append("    </Series>")
    lines += ["  </mes:DataSet>", "</mes:StructureSpecificData>", ""]
    return "\n".join(lines).encode()


def write_generic(observations: Sequence[Observation], *, agency: str, flow: str, prepared: str, comment: str) -> bytes:
    """Return a GenericData message in series."""
    lines = _header(agency, flow, prepared, comment, "GenericData")
    lines.append(f'  <mes:DataSet structureRef="{flow}" action="Replace">')
    for key, members in _groups(observations).items():
        lines += ["    <gen:Series>", "      <gen:SeriesKey>"]
        lines += [f"        <gen:Value id={quoteattr(name)} value={quoteattr(code)}/>" for name, code in key]
        lines.append("      </gen:SeriesKey>")
        for observation in members:
            lines += ["      <gen:Obs>", f'        <gen:ObsDimension value="{observation.period}"/>']
            if observation.value is not None:
                lines.append(f'        <gen:ObsValue value="{observation.value:g}"/>')
            if observation.attributes:
                lines.append("        <gen:Attributes>")
                lines += [
                    f"          <gen:Value id={quoteattr(name)} value={quoteattr(text)}/>"
                    for name, text in observation.attributes.items()
                ]
                lines.append("        </gen:Attributes>")
            lines.append("      </gen:Obs>")
        lines.append("    </gen:Series>")
    lines += ["  </mes:DataSet>", "</mes:GenericData>", ""]
    return "\n".join(lines).encode()


def csv_1_0(observations: Sequence[Observation], *, flow: str) -> bytes:
    """Return SDMX-CSV 1.0: DATAFLOW, the dimensions, TIME_PERIOD, OBS_VALUE, the attributes."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    dimensions, attributes = list(observations[0].key), list(observations[0].attributes)
    writer.writerow(["DATAFLOW", *dimensions, "TIME_PERIOD", "OBS_VALUE", *attributes])
    for observation in observations:
        value = "" if observation.value is None else f"{observation.value:g}"
        writer.writerow(
            [
                flow,
                *(observation.key[d] for d in dimensions),
                observation.period,
                value,
                *(observation.attributes[a] for a in attributes),
            ]
        )
    return buffer.getvalue().encode()
