"""The origin of a form as the browser states it."""

from __future__ import annotations

import pytest
from starlette.requests import HTTPConnection

from pipelines.web.sign_in.csrf import CsrfError, check_origin


def build_request(scheme: str = "http", host: str = "returns.example", **headers: str) -> HTTPConnection:
    pairs = [(b"host", host.encode()), *((n.replace("_", "-").encode(), v.encode()) for n, v in headers.items())]
    return HTTPConnection({"type": "http", "scheme": scheme, "path": "/", "query_string": b"", "headers": pairs})


@pytest.mark.parametrize(
    ("scheme", "headers"),
    [
        ("http", {}),
        ("http", {"origin": "http://returns.example", "sec_fetch_site": "same-origin"}),
        ("https", {"origin": "https://returns.example"}),
        # A proxy that terminates TLS without a header about it.
        ("http", {"origin": "https://returns.example"}),
        ("http", {"sec_fetch_site": "none"}),
    ],
)
def test_check_origin_accepts_forms_of_this_site(scheme: str, headers: dict[str, str]) -> None:
    check_origin(build_request(scheme, **headers))


@pytest.mark.parametrize(
    ("scheme", "headers"),
    [
        ("http", {"origin": "https://elsewhere.example"}),
        ("http", {"origin": "null"}),
        ("http", {"origin": ""}),
        ("http", {"origin": "http://returns.example:8080"}),
        ("http", {"origin": "http://returns.example.elsewhere.example"}),
        ("http", {"origin": "http://[", "sec_fetch_site": "same-origin"}),
        ("https", {"origin": "http://returns.example"}),
        ("http", {"sec_fetch_site": "cross-site"}),
        ("http", {"sec_fetch_site": "same-site", "origin": "http://returns.example"}),
        ("http", {"sec_fetch_site": "anything"}),
    ],
)
def test_check_origin_refuses_forms_of_other_sites(scheme: str, headers: dict[str, str]) -> None:
    with pytest.raises(CsrfError):
        check_origin(build_request(scheme, **headers))
