"""Serve SDMX REST below `/sdmx/v1` (version 1.5) and `/sdmx/v2` (version 2.1) in front of another application.

A release never changes, so that an answer is made once for each query, format and language, and kept in memory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from pipelines.core import i18n
from pipelines.core.i18n import mark
from pipelines.dissemination.release import identify_release, load_structures
from pipelines.dissemination.writers.cube import LARGEST_CUBE, CubeTooLargeError
from pipelines.web.downloads import CROSS_ORIGIN, Download, hold_download, send_download
from pipelines.web.mounted_service import MountedService
from pipelines.web.sdmx.addresses import (
    parse_availability_query,
    parse_data_query,
    parse_metadata_query,
    parse_registration_query,
    parse_schema_query,
    parse_structure_query,
)
from pipelines.web.sdmx.availability import find_availability
from pipelines.web.sdmx.data import check_dimension, choose_components, find_detail, keep_series, make_data_sets
from pipelines.web.sdmx.errors import MEDIA_TYPES, QueryError, write_error
from pipelines.web.sdmx.messages import write_message
from pipelines.web.sdmx.metadata import find_metadata, write_metadata
from pipelines.web.sdmx.negotiation import (
    CSV_1,
    CSV_2,
    DATA_FORMATS,
    METADATA_FORMATS,
    REGISTRY_FORMATS,
    SCHEMA_FORMATS,
    SCHEMA_JSON,
    SCHEMA_ML_2,
    SCHEMA_ML_3,
    STRUCTURE_FORMATS,
    XLSX,
    FormatChoice,
    ResponseFormat,
    Style,
    choose_error_syntax,
    choose_format,
)
from pipelines.web.sdmx.queries import (
    DataQuery,
    MetadataQuery,
    Query,
    RegistrationQuery,
    SchemaQuery,
    StructureQuery,
    Version,
)
from pipelines.web.sdmx.references import KINDS
from pipelines.web.sdmx.registrations import find_registrations, write_registrations
from pipelines.web.sdmx.releases import PublishedRelease, Releases, find_time_of_change
from pipelines.web.sdmx.structures import find_structures, write_schema, write_structures

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope


ADDRESS: Final = "/sdmx"
_VARY: Final = "Accept, Accept-Language, Accept-Encoding"
_ABOUT: Final = """SDMX REST of the regional trafficking indicators

Version 1.5 (SDMX 2.1), below /sdmx/v1:
  /sdmx/v1/dataflow                                           list of dataflows
  /sdmx/v1/data/{flow}/{key}/{provider}                       data
  /sdmx/v1/availableconstraint/{flow}/{key}                   which codes have data

Version 2.1 (SDMX 3.0), below /sdmx/v2:
  /sdmx/v2/structure/dataflow                                 list of dataflows
  /sdmx/v2/data/dataflow/RTI/{flow}/+/{key}                   data
  /sdmx/v2/availability/dataflow/RTI/{flow}/+/{key}           which codes have data

Reference metadata (methods, notes, counting rules, quality, returns) and registered data sources:
  /sdmx/v1/metadata/{metadataflow}/{code}                     metadata sets
  /sdmx/v2/metadata/structure/codelist/RTI/CL_AREA/+/{code}   metadata sets about an area
  /sdmx/v2/registration/dataflow/RTI/{flow}                   files of a dataflow in each release

Below /schema/dataflow/RTI/{flow}, both versions give the structure of a dataflow with the codes that have data.

Choose a format with the header Accept or with format=, an earlier release with release= or asOf=.
"""
_RESOURCES: Final = "structure, data, availability, metadata, registration, schema"


class SdmxService(MountedService):
    """Answer requests below `/sdmx`; pass all others to the application."""

    address = ADDRESS

    def _respond(self, scope: Scope) -> Response:
        from starlette.responses import Response

        if scope["method"] == "OPTIONS":
            return Response(b"", 204, dict(CROSS_ORIGIN))
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        parts = [unquote(part) for part in _read_raw_path(scope).removeprefix(ADDRESS).strip("/").split("/")]
        if parts == [""]:
            return Response(_ABOUT, 200, dict(CROSS_ORIGIN), "text/plain; charset=utf-8")
        version: Version = "v1" if parts[0] == "v1" else "v2"
        try:
            if parts[0] not in ("v1", "v2"):
                raise QueryError(
                    400,
                    mark("There is no version {version}. Addresses begin with /sdmx/v1 or /sdmx/v2."),
                    version=parts[0],
                )
            query = bytes(scope["query_string"]).decode("latin-1")
            return self._answer(version, parts[1:], query, headers)
        except QueryError as error:
            syntax = choose_error_syntax(version, headers.get("accept", ""))
            language = i18n.prefer_language((), headers.get("accept-language", ""))
            sent = {**CROSS_ORIGIN, "Cache-Control": "no-store", "Vary": _VARY}
            sent["Content-Language"] = i18n.html_lang(language)
            return Response(write_error(error, syntax, language), error.status, sent, MEDIA_TYPES[syntax])

    def _answer(self, version: Version, parts: list[str], query: str, headers: Mapping[str, str]) -> Response:
        """Return the answer to a query. Raises QueryError."""
        parsed = parse_address(version, parts, query)
        is_data = isinstance(parsed, DataQuery) and parts[0] == "data"
        choice = choose_format(
            _list_formats(version, parsed, is_data=is_data), headers.get("accept", ""), parsed.format
        )
        language = i18n.html_lang(i18n.prefer_language((), headers.get("accept-language", "")))
        release = self.releases.find_release(parsed.edition)
        changed_at = find_time_of_change(release)
        more = {
            "Vary": _VARY,
            "Content-Language": language,
            "Cache-Control": "no-cache" if parsed.edition.release is None else "public, max-age=86400",
            "Last-Modified": format_datetime(changed_at.astimezone(UTC), usegmt=True),
            "Link": f'</releases/{release.folder.name}/>; rel="describedby"',
        }
        if "if-none-match" not in headers and _is_unchanged(headers.get("if-modified-since", ""), changed_at):
            from starlette.responses import Response

            return Response(b"", 304, {**CROSS_ORIGIN, **more})
        key = (release, identify_release(release.folder), parts[0], parsed, choice, language)

        def make_answer() -> Download:
            return hold_download(self._write(release, parsed, choice, language, is_data), choice.format.sent_type)

        return send_download(self.answers.get_or_make(key, make_answer), headers, more)

    def _write(
        self,
        release: PublishedRelease,
        query: Query,
        choice: FormatChoice,
        language: str,
        is_data: bool,
    ) -> bytes:
        """Return the message that answers a query."""
        folder = release.folder
        if isinstance(query, MetadataQuery):
            return write_metadata(find_metadata(self.releases, release, query), choice, language)
        if isinstance(query, RegistrationQuery):
            registrations = find_registrations(self.releases, release, query)
            return write_registrations(load_structures(folder), registrations, choice.format)
        if isinstance(query, SchemaQuery) and choice.format in (SCHEMA_JSON, SCHEMA_ML_2, SCHEMA_ML_3):
            return write_schema(find_structures(folder, load_structures(folder), query), choice.format, query)
        if isinstance(query, StructureQuery):
            return write_structures(find_structures(folder, load_structures(folder), query), choice.format, language)
        if not is_data:
            return write_structures(find_availability(self.releases, release, query), choice.format, language)
        return write_data(self.releases, release, query, choice, language)


def _list_formats(version: Version, query: Query, *, is_data: bool) -> Sequence[ResponseFormat]:
    """Return the formats in which a query is answered, the preferred first."""
    if isinstance(query, RegistrationQuery):
        return REGISTRY_FORMATS
    if isinstance(query, MetadataQuery):
        return METADATA_FORMATS[version]
    if isinstance(query, SchemaQuery) and query.kind == "datastructure":
        return SCHEMA_FORMATS[version]
    return DATA_FORMATS[version] if is_data else STRUCTURE_FORMATS[version]


def write_data(
    releases: Releases, release: PublishedRelease, query: DataQuery, choice: FormatChoice, language: str
) -> bytes:
    """Return the message that answers a query of data. Raises QueryError."""
    is_whole = query.attributes in (("dsd",), ("all",)) and query.measures in (("all",), ("OBS_VALUE",))
    if choice.format.is_labelled and not is_whole:
        raise QueryError(
            406,
            mark(
                "{format} always has all columns. Leave out detail, attributes and measures, or ask for an SDMX format."
            ),
            format=choice.format.name,
        )
    data_sets = make_data_sets(releases, release, query)
    check_dimension(data_sets, query.dimension_at_observation)
    detail = find_detail(query)
    if not choice.format.is_labelled:
        data_sets = [replace(item, extract=choose_components(item.extract, query)) for item in data_sets]
    if choice.format in (CSV_1, CSV_2):
        data_sets = [replace(item, extract=keep_series(item.extract, detail)) for item in data_sets]
    style = Style(query.dimension_at_observation, detail, choice.labels, language)
    try:
        return write_message(data_sets, choice.format, style)
    except CubeTooLargeError as error:
        raise QueryError(
            413,
            mark(
                "The selection makes {n} combinations; the most for this format is {most}. Select fewer codes or "
                "periods."
            ),
            n=error.combinations,
            most=LARGEST_CUBE,
        ) from None
    except ValueError:
        if choice.format is not XLSX:
            raise
        raise QueryError(413, mark("The selection has more rows than a sheet holds. Select fewer.")) from None


def parse_address(version: Version, parts: list[str], query: str) -> Query:
    """Return the query of an address below `/sdmx/v1` or `/sdmx/v2`. Raises QueryError."""
    resource, *following = parts or [""]
    # sdmx-rest4js asks for availability by the name of version 1.5 in version 2.1, too.
    availability = ("availableconstraint",) if version == "v1" else ("availability", "availableconstraint")
    if resource == "data":
        return parse_data_query(version, following, query)
    if resource in availability:
        return parse_availability_query(version, following, query)
    if resource == "schema":
        return parse_schema_query(version, following, query)
    if resource == "metadata":
        return parse_metadata_query(version, following, query)
    if resource == "registration" and version == "v2":
        return parse_registration_query(following, query)
    if version == "v2" and resource == "structure":
        resource, *following = following or ["*"]
    elif version == "v2":
        raise QueryError(
            400, mark("There is no resource {resource}. There are: {names}."), resource=resource, names=_RESOURCES
        )
    if resource not in KINDS[version]:
        types = ", ".join(kind for kind, kinds in KINDS[version].items() if kinds)
        raise QueryError(
            400, mark("There is no type of structure {type}. There are: {names}."), type=resource, names=types
        )
    return parse_structure_query(version, resource, following, query)


def _read_raw_path(scope: Scope) -> str:
    """Return the path before it is decoded, so that a slash in a value is not a separator."""
    raw = scope.get("raw_path")
    return bytes(raw).decode("latin-1").partition("?")[0] if raw else str(scope["path"])


def _is_unchanged(since: str, changed_at: datetime) -> bool:
    """Return True if nothing was published after the time of `If-Modified-Since`."""
    try:
        moment = parsedate_to_datetime(since)
    except ValueError:
        return False
    return moment.tzinfo is not None and changed_at <= moment
