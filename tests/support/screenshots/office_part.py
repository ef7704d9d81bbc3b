"""Pictures of the offices' pages: every route with a page, as the accounts that use it, with and without scripts.

`list_pictures` says what is taken, by the path of the route. A test compares it with the routes of the application, so
that a new page must be added here, or to `WITHOUT_PAGE` if it answers with a file or leads elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from dashboards.office import pages
from dashboards.office.experts import routes as expert_links
from dashboards.office.pages.answer.acts import ACTS
from dashboards.office.pages.answer.rendering import VIEWS
from dashboards.office.survey import result_routes, workbook_routes
from dashboards.office.survey import routes as survey
from pipelines.core import i18n
from pipelines.core.home import open_home
from pipelines.web.sign_in import addresses
from pipelines.web.sign_in.language import LANGUAGE_COOKIE
from tests.support.screenshots.office_scene import (
    LATE_OFFICE,
    OFFICE,
    SENDER,
    STEWARD,
    Scene,
    serve_scene,
    set_languages,
)
from tests.support.screenshots.taking import HEIGHT, LONGEST_WAIT, open_browser, take_widths
from tests.support.service.visitor import begin_session

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

WIDTHS = (360, 1280)
LANGUAGES = ("en", "mk")
PLAIN = "-plain"
"""End of the name of a picture without scripts."""
_UNFOLD = "document.querySelectorAll('main details').forEach(element => { element.open = true; })"
"""Open what is folded away: it is part of the page."""
_OPEN_MENU = "document.querySelector('details.rti-menu').open = true"
LAWYER, NOBODY = "region-lawyer", "nobody"


@dataclass(frozen=True)
class Picture:
    """A page to take: its name, the account that opens it ("" is signed out), its address, and what is done there.

    With `has_menu`, the list of pages is open, which is folded on a phone.

    `fill` maps selectors of controls to values; then the first button of `press` is pressed. Only forms that change
    nothing are sent: those with a mistake, and those that a second page asks to confirm.
    """

    name: str
    account: str
    address: str
    fill: Mapping[str, str] = field(default_factory=dict)
    press: str = ""
    has_menu: bool = False


WITHOUT_PAGE = frozenset(
    {
        *(f"{base}/{act}" for base in ("/answer", "/practice") for act in (*ACTS, "withdraw/confirm")),
        "/answer/files/{kind}", "/board/timetable.ics", "/experts/own/data", "/expert-link/{token}/data",
        "/model-documents/empty", "/practice/events", "/practice/file", "/practice/files/{kind}",
        "/questionnaire/{round_id}/{token}/send", "/questionnaire/{round_id}/{token}/workbook/file",
        "/receipt-keys/{identity}", "/templates/workbook", "/upload/events", addresses.CALLBACK,
    }
)  # fmt: skip
"""Routes that send a file or a stream, or lead to another page."""


def list_routes() -> set[str]:
    """Return the path of every route of the offices' application that answers GET, besides its API and its files."""
    routers = (
        pages.language.router, *(page.router for page in pages.PAGES), expert_links.router, survey.router,
        result_routes.router, workbook_routes.router,
    )  # fmt: skip
    routes = [route for router in routers for route in router.routes]
    paths = {str(route.path) for route in routes if "GET" in (getattr(route, "methods", None) or ())}  # type: ignore[attr-defined]
    return paths | {addresses.SIGN_IN, addresses.PASSWORD, addresses.CALLBACK}


def list_pictures(scene: Scene) -> dict[str, list[Picture]]:
    """Return the pictures of each route, by its path; the last entry is a page that no route has."""
    views = [Picture(f"answer-{view}", SENDER, f"/answer?id={scene.warned}&view={view}") for view in VIEWS]
    confirm = "form[action='/answer/withdraw/confirm'] "
    return {
        "/": [Picture("returns", SENDER, "/"), Picture("returns-region", STEWARD, "/")],
        "/returns": [Picture("returns-none", NOBODY, "/returns")],
        "/upload": [
            Picture("upload", SENDER, "/upload"), Picture("upload-recognised", SENDER, scene.upload),
            Picture("upload-failed", SENDER, scene.failed_upload),
            Picture("upload-gone", SENDER, "/upload?upload=0123456789abcdef"),
        ],
        "/answer": [
            Picture("answer-none", SENDER, "/answer"), Picture("answer-broken", SENDER, f"/answer?id={scene.broken}"),
            Picture("answer-broken-beside", SENDER, f"/answer?id={scene.broken}&view=beside"), *views,
            Picture("answer-sent", SENDER, f"/answer?id={scene.sent}"),
            Picture("answer-to-decide", OFFICE, f"/answer?id={scene.sent}&view=changes"),
            Picture("answer-to-override", STEWARD, f"/answer?id={scene.sent}"),
            Picture("answer-accepted", OFFICE, f"/answer?id={scene.accepted}"),
            Picture("answer-accepted-quarters", OFFICE, f"/answer?id={scene.accepted}&view=quarters"),
            Picture("answer-refused", SENDER, "/answer?id=S000000000000000"),
            Picture(
                "answer-withdraw", OFFICE, f"/answer?id={scene.accepted}",
                {confirm + "select": "entry_error", confirm + "input[type=text]": "Two cases were counted twice."},
                confirm + "button",
            ),
            Picture("answer-return-error", OFFICE, f"/answer?id={scene.sent}", {}, "[formaction='/answer/return']"),
        ],
        "/receipt-keys": [Picture("receipt-keys", SENDER, "/receipt-keys")],
        "/approve": [Picture("approve", OFFICE, "/approve")],
        "/board": [Picture("board", SENDER, "/board"), Picture("board-region", STEWARD, "/board")],
        "/figures": [Picture("figures", OFFICE, "/figures"), Picture("figures-none", NOBODY, "/figures")],
        "/templates": [Picture("templates", OFFICE, "/templates")],
        "/model-documents": [Picture("model-documents", OFFICE, "/model-documents")],
        "/model-documents/form": [
            Picture("model-document", OFFICE, "/model-documents/form?document=jit_agreement"),
            Picture(
                "model-document-error", OFFICE, "/model-documents/form?document=jit_agreement", {},
                "main form[method=post] button",
            ),
        ],
        "/nil": [
            Picture("nil", LATE_OFFICE, "/nil"),
            Picture("nil-confirm", LATE_OFFICE, "/nil", {"input[name=period]": "on"}, "[action='/nil/confirm'] button"),
            Picture("nil-error", LATE_OFFICE, "/nil", {"input[name=period]": ""}, "[action='/nil/confirm'] button"),
        ],
        "/practice": [
            Picture("practice", SENDER, "/practice"), Picture("practice-upload", SENDER, scene.practice_upload),
            Picture("practice-answer", SENDER, f"/practice?id={scene.practised}"),
        ],
        "/practice/reset": [Picture("practice-reset", SENDER, "/practice/reset")],
        "/account": [
            Picture("account", SENDER, "/account"), Picture("menu", STEWARD, "/account", has_menu=True),
            Picture("menu-office", SENDER, "/account", has_menu=True),
        ],
        "/law": [Picture("law", LAWYER, "/law?place=RS")],
        "/law/element": [Picture("law-element", LAWYER, f"/law/element?{scene.element}")],
        "/provisions": [Picture("provision", LAWYER, "/provisions?treaty=PCC_SEE&element=COSTS")],
        "/treaties": [Picture("treaty", LAWYER, "/treaties?area=RS&treaty=ETS182")],
        "/experts": [
            Picture("experts", OFFICE, "/experts"), Picture("experts-found", OFFICE, "/experts?search=1"),
        ],
        "/experts/counterpart": [
            Picture("counterparts", OFFICE, "/experts/counterpart?from=AL&territory=XK&crime=TIP"),
        ],
        "/experts/entry": [Picture("expert", OFFICE, f"/experts/entry?id={scene.expert}")],
        "/experts/own": [Picture("expert-own", OFFICE, "/experts/own")],
        "/experts/kept": [
            Picture("experts-kept", STEWARD, "/experts/kept"),
            Picture("expert-kept", STEWARD, f"/experts/kept?id={scene.expert}"),
        ],
        "/experts/log": [Picture("experts-log", STEWARD, "/experts/log")],
        "/release-desk": [
            Picture("release-desk", STEWARD, "/release-desk"), Picture("release-desk-office", OFFICE, "/release-desk"),
            Picture(
                "release-desk-error", STEWARD, "/release-desk", {"[action$=announce] [name=at]": "soon"},
                "[action$=announce] button",
            ),
        ],
        "/release-desk/sheet": [Picture("release-sheet", OFFICE, "/release-desk/sheet?territory=AL")],
        "/release-desk/rollback": [
            Picture("rollback", STEWARD, "/release-desk/rollback"),
            Picture(
                "rollback-confirm", STEWARD, "/release-desk/rollback",
                {"main textarea": "The figures of one office count cases as persons."}, "main form button",
            ),
        ],
        "/survey-results": [Picture("survey-results", STEWARD, "/survey-results")],
        "/monitoring": [
            Picture("monitoring", STEWARD, "/monitoring?area=AL"),
            Picture("monitoring-region", STEWARD, "/monitoring?area=region"),
        ],
        "/measures": [Picture("measures", STEWARD, "/measures?area=AL")],
        "/measures/one": [Picture("measure", STEWARD, f"/measures/one?id={scene.measure}")],
        "/statements": [
            Picture("statements", OFFICE, "/statements?place=AL"),
            Picture("statements-draft", "al-drafter", "/statements?place=AL"),
        ],
        "/survey": [
            Picture("survey-rounds", STEWARD, "/survey"),
            Picture("survey-close", STEWARD, "/survey", {}, "[action='/survey/close'] button"),
        ],
        "/people": [
            Picture("people", STEWARD, "/people"), Picture("people-account", STEWARD, f"/people?account={SENDER}"),
            Picture("people-place", STEWARD, "/people?place=BA_BRC"),
            Picture("people-error", STEWARD, "/people", {"[name=new]": "N!"}, "[action='/people/create'] button"),
            Picture(
                "people-disable", STEWARD, f"/people?account={SENDER}", {}, "[action='/people/disable'] button",
            ),
            Picture("no-role", SENDER, "/people"),
        ],
        "/expert-link/{token}": [
            Picture("expert-link", "", scene.expert_link), Picture("expert-link-cut", "", scene.expert_link[:-1]),
        ],
        "/questionnaire/sent": [Picture("questionnaire-sent", "", "/questionnaire/sent")],
        "/questionnaire/{round_id}/{token}": [Picture("questionnaire", "", scene.link)],
        "/questionnaire/{round_id}/{token}/check": [Picture("questionnaire-check", "", f"{scene.link}/check")],
        "/questionnaire/{round_id}/{token}/{number:int}": [
            Picture("questionnaire-page", "", f"{scene.link}/1"), Picture("questionnaire-2", "", f"{scene.link}/2"),
        ],
        "/questionnaire/{rest:path}": [Picture("questionnaire-cut", "", f"{scene.link[:-1]}")],
        "/questionnaire/{round_id}/{token}/workbook": [Picture("questionnaire-workbook", "", f"{scene.link}/workbook")],
        "/questionnaire/{round_id}/results/{token}": [Picture("questionnaire-results", "", scene.results)],
        addresses.SIGN_IN: [
            Picture("sign-in", "", "/sign-in"),
            Picture(
                "sign-in-error", "", "/sign-in", {"[name=account]": "nobody", "[name=password]": "wrong"},
                "main form button",
            ),
        ],
        addresses.PASSWORD: [Picture("password", "", "/password"), Picture("password-changing", SENDER, "/password")],
        "": [Picture("not-found", SENDER, "/nothing-here")],
    }  # fmt: skip


def take_office_pages(
    home: Path,
    folder: Path,
    languages: Sequence[str] | None = None,
    widths: Sequence[int] | None = None,
    pattern: str = "",
) -> int:
    """Serve a copy of a demonstration home, take the pages of the offices; return how many pictures there are.

    A picture without scripts that equals the one with scripts is not kept, so that nobody looks at a page twice.
    Raises RuntimeError if the home is not a built demonstration, or without a browser.
    """
    if not home.is_dir() or open_home(home).kind != "demonstration":
        raise RuntimeError("The offices' pages are taken from a demonstration home: run `make refresh`.")
    n_taken = n_equal = 0
    with serve_scene(home) as scene, open_browser() as browser:
        pictures = [
            picture
            for of_route in list_pictures(scene).values()
            for picture in of_route
            if re.search(pattern, picture.address)
        ]
        for language in languages or LANGUAGES:
            set_languages(scene, language)
            target = folder / i18n.html_lang(language)
            target.mkdir(parents=True, exist_ok=True)
            with_scripts, without = (
                _take_pages(browser, scene, pictures, language, widths or WIDTHS, target, scripts=scripts)
                for scripts in (True, False)
            )
            n_taken += len(with_scripts) + len(without)
            for scripted, plain in zip(with_scripts, without, strict=True):
                if scripted.read_bytes() == plain.read_bytes():
                    plain.unlink()
                    n_equal += 1
    print(f"{n_equal} of {n_taken} pictures are the same without scripts, and kept once")
    return n_taken


def _take_pages(
    browser: Browser,
    scene: Scene,
    pictures: Iterable[Picture],
    language: str,
    widths: Sequence[int],
    target: Path,
    *,
    scripts: bool,
) -> list[Path]:
    contexts: dict[str, BrowserContext] = {}
    files: list[Path] = []
    for picture in pictures:
        if picture.account not in contexts:
            contexts[picture.account] = _open_context(browser, scene, picture.account, language, scripts=scripts)
        page = contexts[picture.account].new_page()
        page.goto(f"{scene.service.address}{picture.address}")
        page.evaluate(_UNFOLD)
        if picture.has_menu:
            page.evaluate(_OPEN_MENU)
        for selector, value in picture.fill.items():
            control = page.locator(selector).first
            match control.evaluate("element => element.type"):
                case "checkbox" | "radio":
                    control.set_checked(bool(value))
                case "select-one":
                    control.select_option(value)
                case _:
                    control.fill(value)
        if picture.press:
            # A browser would stop a form with a mistake before it is sent; the page of the server is taken.
            page.evaluate("document.querySelectorAll('form').forEach(form => { form.noValidate = true; })")
            with page.expect_navigation():
                page.locator(picture.press).first.click()
            page.evaluate(_UNFOLD)
        files += take_widths(page, target / picture.name, widths, "" if scripts else PLAIN)
        page.close()
        print(f"{target / picture.name}{'' if scripts else PLAIN}", flush=True)
    for context in contexts.values():
        context.close()
    return files


def _open_context(browser: Browser, scene: Scene, account: str, language: str, *, scripts: bool) -> BrowserContext:
    address = scene.service.address
    context = browser.new_context(
        viewport={"width": WIDTHS[-1], "height": HEIGHT},
        java_script_enabled=scripts,
        locale=i18n.html_lang(language),
    )
    context.set_default_timeout(LONGEST_WAIT)
    cookies = {LANGUAGE_COOKIE: language}
    if account:
        cookies["rti_session"] = begin_session(scene.service, account)
    context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
    return context
