"""Signing in, as people meet it: the built-in provider, another one, passwords, and how a sign-in ends.

The service is the one that `rti serve` starts, in a process of its own; the other provider is `oidc-provider-mock`.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect

from pipelines.ledger.identity import SYSTEM, Grant
from pipelines.ledger.opening import open_ledger
from pipelines.submissions.accounts import accounts
from tests.support.demonstration import CLOCK, frozen_at
from tests.support.service.running import Service, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("sign-in")]
FIRST, CHOSEN = "first password 1", "three dry winters"
USER_COOKIE = "_streamlit_user"
PATIENCE = 60_000


@pytest.fixture(scope="module")
def service(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service with its own provider."""
    folder = tmp_path_factory.mktemp("sign-in")
    shutil.copytree(built_home, folder / "home", symlinks=True)
    with serving(folder / "home", folder) as running:
        yield running


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """Another provider of identities, on the loopback; its issuer."""
    import oidc_provider_mock

    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def elsewhere(built_home: Path, provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The service of a home whose people sign in with the other provider."""
    folder = tmp_path_factory.mktemp("elsewhere")
    shutil.copytree(built_home, folder / "home", symlinks=True)
    settings = {
        "RTI_OIDC_METADATA_URL": f"{provider}/.well-known/openid-configuration",
        "RTI_OIDC_CLIENT_ID": "the-offices",
        "RTI_OIDC_CLIENT_SECRET": "a secret of both",
    }
    with serving(folder / "home", folder, environment=settings) as running:
        yield running


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of somebody; what is asked of any other host is refused."""
    made = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    made.route(lambda url: urlsplit(url).hostname not in ("127.0.0.1", "localhost"), lambda route: route.abort())
    yield made
    made.close()


def ledger(service: Service) -> sa.Engine:
    """The ledger of a service, beside it."""
    return open_ledger(service.home)


def account(service: Service, name: str, **more: Any) -> str:
    """A new account that may submit Serbia's justice counts."""
    with frozen_at(CLOCK, service.home.root):
        grants = [Grant("submitter", "RS", "justice")]
        accounts.create_account(ledger(service), name, f"Office of {name}", grants=grants, by=SYSTEM, **more)
    return name


def with_password(service: Service, name: str) -> str:
    """A new account whose password is `CHOSEN`."""
    return account(service, name, password=CHOSEN, must_change=False)


def to_the_form(context: BrowserContext, service: Service) -> Page:
    """From the pages to the form that asks for a password."""
    page = context.new_page()
    page.goto(service.address)
    page.locator(".st-key-sign-in button").click(timeout=PATIENCE)
    page.get_by_label("Account").wait_for(timeout=PATIENCE)
    assert urlsplit(page.url).path == "/identity/authorize"
    return page


def give(page: Page, name: str, password: str) -> None:
    page.get_by_label("Account").fill(name)
    page.get_by_label("Password").fill(password)
    # A second answer looks like the first: only the document that came with it is another.
    with page.expect_navigation(timeout=PATIENCE):
        page.get_by_role("button", name="Sign in").click()


def is_in(page: Page, name: str) -> None:
    """The pages show who has signed in, and the first page of that person."""
    expect(page.locator(".rti-head-who")).to_contain_text(name, timeout=PATIENCE)
    expect(page.locator("h1")).to_have_text("My returns", timeout=PATIENCE)


def is_out(page: Page) -> None:
    """The pages ask for a sign-in and show nothing of anybody."""
    expect(page.locator(".st-key-sign-in")).to_be_visible(timeout=PATIENCE)
    expect(page.locator(".rti-head-who")).to_have_count(0)
    expect(page.get_by_role("heading", name="My returns")).to_have_count(0)


# ----------------------------------------------------------------------------------------------------- the built-in one


def test_an_account_of_the_demonstration_signs_in_stays_in_and_out(context: BrowserContext, service: Service) -> None:
    told = (service.home.restricted / "demonstration-accounts.txt").read_text(encoding="utf-8")
    password = re.search(r"^password: (\S+)$", told, re.MULTILINE)
    assert password is not None and re.search(r"^rs-sors-sender\s+submitter$", told, re.MULTILINE)
    page = to_the_form(context, service)
    expect(page.get_by_role("note")).to_contain_text("invented")
    give(page, " RS-Sors-Sender ", password[1])
    is_in(page, "Demonstration: rs-sors-sender")
    assert "code=" not in page.url

    page.reload()
    is_in(page, "Demonstration: rs-sors-sender")
    other = context.new_page()
    other.goto(f"{service.address}/upload")
    expect(other.locator("h1")).to_have_text("Upload a return", timeout=PATIENCE)

    page.get_by_role("button", name="Sign out").click()
    is_out(page)
    page.reload()
    is_out(page)
    page.go_back()
    is_out(page)
    assert [c for c in context.cookies() if c["name"].startswith(USER_COOKIE) and c["value"]] == []
    other.reload()
    is_out(other)


def test_the_cookie_of_a_sign_in_is_no_scripts_and_no_other_sites(context: BrowserContext, service: Service) -> None:
    page = to_the_form(context, service)
    give(page, with_password(service, "rs-cookie"), CHOSEN)
    is_in(page, "Office of rs-cookie")
    kept = next(c for c in context.cookies() if c["name"] == USER_COOKIE)
    assert kept["httpOnly"] and kept["sameSite"] == "Lax"
    assert USER_COOKIE not in page.evaluate("document.cookie")


def test_a_first_password_is_changed_before_anything_is_seen(context: BrowserContext, service: Service) -> None:
    name = account(service, "rs-new", password=FIRST)
    page = to_the_form(context, service)
    give(page, name, FIRST)
    page.get_by_label("New password", exact=True).wait_for(timeout=PATIENCE)
    other = context.new_page()
    other.goto(service.address)
    is_out(other)

    page.get_by_label("New password", exact=True).fill(CHOSEN)
    page.get_by_label("Repeat the new password").fill(f"{CHOSEN}!")
    page.get_by_role("button", name="Change the password").click()
    expect(page.get_by_role("alert")).to_contain_text("do not match")
    page.get_by_label("New password", exact=True).fill(CHOSEN)
    page.get_by_label("Repeat the new password").fill(CHOSEN)
    page.get_by_role("button", name="Change the password").click()
    is_in(page, "Office of rs-new")

    page.get_by_role("button", name="Sign out").click()
    is_out(page)
    again = to_the_form(context, service)
    give(again, name, FIRST)
    expect(again.get_by_role("alert")).to_contain_text("wrong")
    give(again, name, CHOSEN)
    is_in(again, "Office of rs-new")


def test_wrong_passwords_stop_their_address_and_not_a_browser_that_was_signed_in(
    context: BrowserContext, service: Service, browser: Browser
) -> None:
    """Here everybody has one address, and would wait; what is told apart is the browser."""
    name = with_password(service, "rs-guessed")
    page = to_the_form(context, service)
    give(page, name, CHOSEN)
    is_in(page, "Office of rs-guessed")
    page.get_by_role("button", name="Sign out").click()
    is_out(page)

    strange = browser.new_context(locale="en-GB")
    try:
        guessing = to_the_form(strange, service)
        for _ in range(5):
            give(guessing, name, "wrong wrong wrong")
            expect(guessing.get_by_role("alert")).to_contain_text("Account or password is wrong")
            assert guessing.get_by_label("Account").input_value() == name
            assert guessing.get_by_label("Password").input_value() == ""
        give(guessing, name, CHOSEN)
        expect(guessing.get_by_role("alert")).to_contain_text("too many wrong passwords")
        guessing.goto(service.address)
        is_out(guessing)
    finally:
        strange.close()

    again = to_the_form(context, service)
    give(again, name, CHOSEN)
    is_in(again, "Office of rs-guessed")


def test_a_disabled_account_is_out_at_the_next_click(context: BrowserContext, service: Service) -> None:
    name = with_password(service, "rs-disabled")
    page = to_the_form(context, service)
    give(page, name, CHOSEN)
    is_in(page, "Office of rs-disabled")
    with frozen_at(CLOCK, service.home.root):
        accounts.disable_account(ledger(service), name, by=SYSTEM)
    page.get_by_role("link", name="Upload a return").click()
    expect(page.locator("h1")).to_have_text("You need an account or must sign in again", timeout=PATIENCE)
    expect(page.locator("input[type=file]")).to_have_count(0)
    expect(page.locator(".rti-head-who")).to_have_count(0)


def test_a_right_that_is_taken_is_gone_at_the_next_click(context: BrowserContext, service: Service) -> None:
    name = with_password(service, "rs-less")
    page = to_the_form(context, service)
    give(page, name, CHOSEN)
    is_in(page, "Office of rs-less")
    with frozen_at(CLOCK, service.home.root):
        accounts.revoke_role(ledger(service), name, Grant("submitter", "RS", "justice"), by=SYSTEM)
    page.get_by_role("link", name="My account").click()
    expect(page.locator("h1")).to_have_text("My account", timeout=PATIENCE)
    expect(page.get_by_role("link", name="Upload a return")).to_have_count(0)


@pytest.mark.parametrize(("hours", "stays"), [(11.9, True), (12.1, False), (24 * 20, False)])
def test_a_sign_in_lasts_a_working_day_whatever_the_cookie_says(
    context: BrowserContext, service: Service, hours: float, stays: bool
) -> None:
    name = with_password(service, f"rs-hours-{int(hours * 10)}")
    page = to_the_form(context, service)
    give(page, name, CHOSEN)
    is_in(page, f"Office of {name}")
    changed(context, service, auth_time=int(time.time() - hours * 3600))
    page.reload()
    if stays:
        is_in(page, f"Office of {name}")
    else:
        expect(page.locator("h1")).to_have_text("You need an account or must sign in again", timeout=PATIENCE)
        page.get_by_role("button", name="Sign out").click()
        is_out(page)


def test_a_cookie_that_was_signed_elsewhere_is_nobodys(context: BrowserContext, service: Service) -> None:
    page = to_the_form(context, service)
    give(page, with_password(service, "rs-forged"), CHOSEN)
    is_in(page, "Office of rs-forged")
    changed(context, service, secret="another secret", sub="steward")
    page.reload()
    is_out(page)


def changed(context: BrowserContext, service: Service, *, secret: str | None = None, **claims: Any) -> None:
    """Put other claims into the cookie of a sign-in, signed with the home's own secret or with another."""
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value, decode_signed_value

    own = json.loads((service.home.restricted / "keys" / "portal.json").read_text())["cookie_secret"]
    kept = next(c for c in context.cookies() if c["name"] == USER_COOKIE)
    value = decode_signed_value(own, USER_COOKIE, kept["value"])
    assert value is not None
    content = json.dumps({**json.loads(value), **claims})
    signed = create_signed_value(secret or own, USER_COOKIE, content).decode()
    context.add_cookies([{"name": USER_COOKIE, "value": signed, "url": service.address, "httpOnly": True}])


def test_a_page_that_was_asked_for_before_signing_in_is_not_shown(context: BrowserContext, service: Service) -> None:
    page = context.new_page()
    for path in ("people", "board", "answer?id=S000000000000001"):
        page.goto(f"{service.address}/{path}")
        is_out(page)


# ----------------------------------------------------------------------------------------------------- another provider


def sign_in_elsewhere(context: BrowserContext, service: Service, subject: str) -> Page:
    page = context.new_page()
    page.goto(service.address)
    page.locator(".st-key-sign-in button").click(timeout=PATIENCE)
    page.get_by_placeholder("sub").fill(subject, timeout=PATIENCE)
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{service.address}/**", timeout=PATIENCE)
    return page


def test_an_account_tied_to_issuer_and_subject_gets_in(
    context: BrowserContext, elsewhere: Service, provider: str
) -> None:
    account(elsewhere, "rs-tied", issuer=issuer_of(provider), subject="7f3a")
    page = sign_in_elsewhere(context, elsewhere, "7f3a")
    is_in(page, "Office of rs-tied")
    page.reload()
    is_in(page, "Office of rs-tied")


@pytest.mark.parametrize("subject", ["somebody else", "rs-sors-sender", "steward"])
def test_an_unknown_subject_is_told_what_to_send_to_the_steward_and_sees_nothing(
    context: BrowserContext, elsewhere: Service, provider: str, subject: str
) -> None:
    page = sign_in_elsewhere(context, elsewhere, subject)
    expect(page.locator("h1")).to_have_text("You need an account or must sign in again", timeout=PATIENCE)
    said = page.get_by_test_id("stMain")
    expect(said).to_contain_text(subject)
    expect(said).to_contain_text(issuer_of(provider))
    expect(said).to_contain_text("steward")
    for path in ("", "upload", "people"):
        page.goto(f"{elsewhere.address}/{path}")
        expect(page.locator("h1")).to_have_text("You need an account or must sign in again", timeout=PATIENCE)
        expect(page.locator("input[type=file], .rti-head-who, tbody")).to_have_count(0)


def test_where_another_provider_vouches_no_password_is_asked_for_here(elsewhere: Service) -> None:
    answer = httpx.get(f"{elsewhere.address}/identity/authorize", trust_env=False)
    assert 'name="password"' not in answer.text
    assert not (elsewhere.home.restricted / "demonstration-accounts.txt").exists()


def issuer_of(provider: str) -> str:
    """What the provider calls itself."""
    found = httpx.get(f"{provider}/.well-known/openid-configuration", trust_env=False).json()
    return str(found["issuer"])
