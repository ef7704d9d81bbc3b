"""Tests of choosing a format by Accept and by format=."""

from __future__ import annotations

import pytest

from pipelines.web.sdmx.errors import QueryError
from pipelines.web.sdmx.negotiation import DATA_FORMATS, choose_error_syntax, choose_format


@pytest.mark.parametrize(("version", "accept", "name", "chosen"), [
    ("v1", "", None, "sdmx-generic-2.1"),
    ("v2", "*/*", None, "sdmx-json-2.0"),
    ("v1", "application/vnd.sdmx.data+json", None, "sdmx-json-1.0"),
    ("v1", "application/vnd.sdmx.data+json;version=2.0.0", None, "sdmx-json-2.0"),
    ("v2", "application/vnd.sdmx.data+csv;version=1.0.0", None, "sdmx-csv-1.0"),
    ("v2", "application/vnd.sdmx.data+csv;version=2+.0.0", None, "sdmx-csv-2.0"),
    ("v2", "application/vnd.sdmx.data+xml;version=3.0", None, "sdmx-ml-3.0"),
    ("v2", "text/html, application/xml;q=0.9, */*;q=0.8", None, "sdmx-ml-3.0"),
    ("v2", "text/csv;q=0.5, application/vnd.sdmx.data+json;q=0.7", None, "sdmx-json-2.0"),
    ("v2", "application/json", "csv", "csv"),
    ("v2", "", "sdmx-csv", "sdmx-csv-2.0"),
    ("v2", "", "application/vnd.sdmx.genericdata+xml;version=2.1", "sdmx-generic-2.1"),
])  # fmt: skip
def test_format_is_chosen(version: str, accept: str, name: str | None, chosen: str) -> None:
    assert choose_format(DATA_FORMATS[version], accept, name).format.name == chosen  # type: ignore[index]


def test_labels_of_sdmx_csv_are_read() -> None:
    accept = "application/vnd.sdmx.data+csv;version=2.0.0;labels=both"
    assert choose_format(DATA_FORMATS["v2"], accept, None).labels == "both"


@pytest.mark.parametrize(("accept", "name"), [
    ("application/pdf", None),
    ("application/vnd.sdmx.data+json;version=9.0.0", None),
    ("application/vnd.sdmx.data+csv;timeFormat=normalized", None),
    ("*/*;q=0", None),
    ("*/*", "pdf"),
])  # fmt: skip
def test_format_that_is_not_offered_is_refused(accept: str, name: str | None) -> None:
    with pytest.raises(QueryError) as raised:
        choose_format(DATA_FORMATS["v2"], accept, name)
    assert raised.value.status == 406 and "sdmx-json-2.0" in str(raised.value)


def test_errors_are_in_the_syntax_of_the_client() -> None:
    assert choose_error_syntax("v1", "*/*") == "xml"
    assert choose_error_syntax("v2", "") == "json"
    assert choose_error_syntax("v2", "application/vnd.sdmx.structure+xml;version=3.0.0") == "xml"
    assert choose_error_syntax("v1", "text/csv") == "text"
