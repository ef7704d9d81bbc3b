"""Addresses to return to after the sign-in: local ones only."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipelines.web.sign_in.addresses import LONGEST_PATH, local_path, sign_in_address

SITE = "https://returns.example/sign-in"


@pytest.mark.parametrize("path", ["/", "/board", "/answer?id=S1&view=a%20b", "/a/../b", "/?next=//x", "/answer#f-1"])
def test_local_path_returns_an_address_of_this_site_unchanged(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "text",
    [
        "", "board", "//elsewhere.example", "///elsewhere.example", "/\\elsewhere.example", "\\\\elsewhere.example",
        "https://elsewhere.example/", "https:elsewhere.example", "javascript:alert(1)", "data:text/html,x",
        "/\t/x.example", "/\n/x.example", "\t//x.example", " //x.example", "/ /x", "/board\r\nSet-Cookie: a=b", "//[", "http://[",
        "/\x00", "/" + "a" * LONGEST_PATH, "/‮/x",
    ],
)  # fmt: skip
def test_local_path_returns_the_first_page_for_anything_else(text: str) -> None:
    assert local_path(text) == "/"


def _resolve_as_a_browser(text: str) -> str:
    """Resolve an address as a browser does: drop tabs and line breaks, trim, and read a backslash as a slash."""
    address = "".join(c for c in text if c not in "\t\n\r").strip("".join(map(chr, range(33)))).replace("\\", "/")
    return urljoin(SITE, address)


@given(
    st.one_of(
        st.text(),
        st.text(alphabet="/\\:.@?#%\t\n ax"),
        st.builds(
            "".join, st.lists(st.sampled_from(["/", "\\", "//", "\t", "https:", "x.example", "@", "?", "%2f", "\n"]))
        ),
    )
)
@example("/\\x.example")
@example("/%09/x.example")
def test_local_path_never_leaves_the_site(text: str) -> None:
    path = local_path(text)
    assert path.startswith("/") and path.isprintable()
    parts = urlsplit(_resolve_as_a_browser(path))
    assert (parts.scheme, parts.netloc) == ("https", "returns.example")


@given(st.text(alphabet="/ab?=&#%é", max_size=50))
def test_sign_in_address_carries_the_page_as_one_parameter(text: str) -> None:
    from urllib.parse import parse_qs

    address = urlsplit(sign_in_address(text))
    assert (address.scheme, address.netloc, address.path, address.fragment) == ("", "", "/sign-in", "")
    query = parse_qs(address.query, keep_blank_values=True)
    assert query == ({} if local_path(text) == "/" else {"next": [local_path(text)]})
