"""Choices of a reader in addresses and controls, also after runs of a page that were stopped before their end."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from dashboards.public import selection as module
from dashboards.public.selection import Selection

TERRITORIES = ("AL", "BA", "HR")


class Address(dict[str, str]):
    """The query of an address, with the methods of Streamlit's."""

    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def from_dict(self, query: dict[str, str]) -> None:
        self.clear()
        self.update(query)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    browser = SimpleNamespace(query_params=Address(), session_state={})
    monkeypatch.setattr(module, "st", browser)
    return browser


def run_page(selection: Selection, browser: SimpleNamespace, *, until: str = "end") -> dict[str, str]:
    """Run a page with two controls, as far as the control `until`, and return what it shows."""
    choices: dict[str, str] = {}
    selection.begin_run("compare")
    for name, options in (("areas", TERRITORIES), ("decisions", ("first", "final"))):
        widget, value, _ = selection.pick_option(name, options, options[0])
        browser.session_state.setdefault(widget, value)
        choices[name] = browser.session_state[widget]
        selection.keep_option(name, choices[name])
        if until == name:
            return choices
    selection.end_run()
    return choices


def change_choice(selection: Selection, browser: SimpleNamespace, name: str, value: str) -> None:
    browser.session_state[selection.controls[name].widget] = value


def test_back_during_the_run_of_a_followed_link_shows_the_earlier_choices(browser: SimpleNamespace) -> None:
    selection = Selection()
    browser.query_params.from_dict({"areas": "BA", "decisions": "final"})
    before = run_page(selection, browser)
    address = browser.query_params.to_dict()
    browser.query_params.from_dict(address | {"areas": "HR"})
    assert run_page(selection, browser, until="areas")["areas"] == "HR"
    browser.query_params.from_dict(address)
    assert run_page(selection, browser) == before == {"areas": "BA", "decisions": "final"}
    assert browser.query_params == address


def test_choice_during_the_run_of_an_opened_address_keeps_the_rest_of_it(browser: SimpleNamespace) -> None:
    selection = Selection()
    browser.query_params.from_dict({"areas": "BA", "decisions": "final"})
    run_page(selection, browser, until="areas")
    change_choice(selection, browser, "areas", "HR")
    assert run_page(selection, browser) == {"areas": "HR", "decisions": "final"}
    assert browser.query_params.items() >= {"areas": "HR", "decisions": "final"}.items()


def test_choice_of_a_complete_page_is_kept_over_its_former_address(browser: SimpleNamespace) -> None:
    selection = Selection()
    browser.query_params.from_dict({"areas": "BA", "decisions": "final"})
    run_page(selection, browser)
    change_choice(selection, browser, "decisions", "first")
    assert run_page(selection, browser, until="areas") == {"areas": "BA"}
    assert run_page(selection, browser) == {"areas": "BA", "decisions": "first"}
    assert browser.query_params["decisions"] == "first"
