"""Visit the offices' pages over HTTP, as a browser without scripts does: open addresses, follow links, submit forms.

A visitor submits only the fields of a page's form, so that a form without its token, or with a field that the server
does not expect, fails here as it would in a browser.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import httpx
import lxml.html

if TYPE_CHECKING:
    from tests.support.service.running import Service


@dataclass
class Document:
    """A page as a visitor received it, after redirects."""

    response: httpx.Response
    visitor: Visitor = field(repr=False)

    @property
    def status(self) -> int:
        """Status code of the response."""
        return self.response.status_code

    @property
    def address(self) -> str:
        """Path and query of the final page."""
        return self.response.url.raw_path.decode()

    @property
    def tree(self) -> Any:
        """The parsed page."""
        return lxml.html.fromstring(self.response.text)

    @property
    def text(self) -> str:
        """All words of the page, with white space collapsed."""
        return " ".join(self.tree.text_content().split())

    @property
    def main(self) -> str:
        """The words of the main part of the page."""
        return " ".join(self.tree.get_element_by_id("content").text_content().split())

    @property
    def heading(self) -> str:
        """The only first-level heading."""
        headings = self.tree.findall(".//h1")
        assert len(headings) == 1, f"{len(headings)} first-level headings"
        return " ".join(headings[0].text_content().split())

    @property
    def result(self) -> str:
        """The result of the last action; empty if none is shown."""
        elements = self.find_elements("#result")
        return elements[0].text_content().strip() if elements else ""

    @property
    def errors(self) -> list[str]:
        """The errors of a submitted form."""
        return [item.text_content().strip() for item in self.find_elements("#errors li")]

    @property
    def wrong_fields(self) -> list[str]:
        """The ids of the fields to which the errors of a form lead, under the heading that says to check them."""
        headings = [item.text_content() for item in self.find_elements("#errors h2")]
        fields = [item.get("href").removeprefix("#") for item in self.find_elements("#errors li a")]
        assert all(len(self.find_elements(f"[id='{field}']")) == 1 for field in fields), fields
        assert headings == ["Check what you entered" if fields else "Something went wrong"], headings
        return fields

    def find_elements(self, css: str) -> list[Any]:
        """Return the elements that match a CSS selector."""
        return list(self.tree.cssselect(css))

    def list_buttons(self) -> list[str]:
        """Return the words of all buttons of the main part."""
        return [" ".join(e.text_content().split()) for e in self.find_elements("#content button")]

    def find_links(self, words: str = "") -> list[str]:
        """Return the addresses of the links of the main part whose text contains some words."""
        return [
            e.get("href") for e in self.find_elements("#content a[href]") if words in " ".join(e.text_content().split())
        ]

    def follow_link(self, words: str) -> Document:
        """Open the first link of the main part whose text contains some words."""
        addresses = self.find_links(words)
        assert addresses, f"no link {words!r}; there are {[e.text_content() for e in self.find_elements('#content a')]}"
        return self.visitor.open_page(urljoin(self.address, addresses[0]))

    def find_forms(self, button: str = "") -> list[Any]:
        """Return the forms that have a button with these words."""
        return [
            form
            for form in self.tree.forms
            if any(button in " ".join(b.text_content().split()) for b in form.cssselect("button"))
        ]

    def submit_form(
        self,
        button: str,
        files: Any = None,
        *,
        number: int = 0,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Document:
        """Press a button: submit its form, with these values instead of the form's own.

        A value may be a list for a field with several values. A test may not name a field that the form does not have.
        """
        forms = self.find_forms(button)
        assert len(forms) > number, f"no button {button!r}; there are {self.list_buttons()}"
        form = forms[number]
        fields: list[tuple[str, str]] = [(n, v) for n, v in form.form_values() if n not in values and v is not None]
        present = {control.get("name") for control in form.cssselect("input, select, textarea")}
        assert set(values) <= present, f"the form has {sorted(filter(None, present))}"
        for name, value in values.items():
            fields += [(name, str(each)) for each in (value if isinstance(value, list | tuple) else [value])]
        pressed = next(b for b in form.cssselect("button") if button in " ".join(b.text_content().split()))
        if pressed.get("name"):
            fields.append((pressed.get("name"), pressed.get("value") or ""))
        target = urljoin(self.address, pressed.get("formaction") or form.get("action") or self.address)
        if (form.get("method") or "get").lower() == "get":
            return self.visitor.open_page(f"{urlsplit(target).path}?{urlencode(fields)}")
        if form.get("enctype") == "multipart/form-data":
            parts = [(name, (None, value)) for name, value in fields if name != "files"]
            return self.visitor.post_raw(target, files=[*parts, *(files or [])], headers=headers)
        return self.visitor.post_raw(target, data=_group_by_name(fields), headers=headers)


def _group_by_name(fields: list[tuple[str, str]]) -> dict[str, list[str]]:
    values_by_name: dict[str, list[str]] = {}
    for name, value in fields:
        values_by_name.setdefault(name, []).append(value)
    return values_by_name


@dataclass
class Visitor:
    """A person with a browser without scripts; several may share a client, since each has separate cookies."""

    client: httpx.Client
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    def open_page(
        self, address: str, *, follow: bool = True, headers: Mapping[str, str] | None = None, **query: Any
    ) -> Document:
        """Open an address."""
        if query:
            address = f"{address}?{urlencode([*parse_qsl(urlsplit(address).query), *query.items()])}"
        return self._request("GET", address, follow=follow, headers=headers)

    def post_raw(self, address: str, *, follow: bool = True, **more: Any) -> Document:
        """Post a request as it is, without the fields of any form."""
        return self._request("POST", address, follow=follow, **more)

    def _request(self, method: str, address: str, *, follow: bool, **more: Any) -> Document:
        self.client.cookies = self.cookies
        headers = {"Accept": "text/html", **(more.pop("headers", None) or {})}
        response = self.client.request(method, address, follow_redirects=follow, headers=headers, **more)
        self.cookies = httpx.Cookies(self.client.cookies)
        return Document(response, self)


def begin_session(service: Service, account: str) -> str:
    """Begin a session of an account next to a running service; return the value of its cookie."""
    return begin_sessions(service, [account])[0]


def begin_sessions(service: Service, names: Iterable[str]) -> list[str]:
    """Begin a session of each of these accounts next to a running service; return the values of their cookies."""
    from starlette.requests import HTTPConnection

    from pipelines.ledger.opening import open_ledger
    from pipelines.submissions.accounts import accounts
    from pipelines.web.settings import read_web_settings
    from pipelines.web.sign_in.sessions import open_sessions
    from tests.support.demonstration import CLOCK, frozen_at

    connection = HTTPConnection({"type": "http", "headers": [], "scheme": "http", "path": "/"})
    values = []
    with service.issuing, frozen_at(CLOCK, service.home.root):
        engine = open_ledger(service.home)
        sessions = open_sessions(engine, read_web_settings(service.home, int(service.address.rpartition(":")[2])))
        for name in names:
            account = accounts.find_account(engine, name)
            assert account is not None, f"there is no account {name}"
            issuer, subject = (account.issuer, account.subject) if account.issuer else (accounts.LOCAL, name)
            values.append(sessions.begin_session(connection, name, issuer=issuer, subject=str(subject)))
        engine.dispose()
    return values


@contextmanager
def visit_service(service: Service, account: str) -> Iterator[Visitor]:
    """Yield a visitor of a running service who is signed in as an account."""
    with httpx.Client(base_url=service.address, timeout=120, trust_env=False) as client:
        visitor = Visitor(client)
        visitor.cookies.set("rti_session", begin_session(service, account), domain="127.0.0.1", path="/")
        yield visitor
