"""Tests of the network of experts without a ledger: states by the day, details, ranking, and links."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from pipelines.submissions.experts import letters, links, model
from pipelines.submissions.experts.counterparts import rank_counterparts
from pipelines.submissions.experts.model import Expert, ExpertDetails, ExpertError, clean_details, find_state

DETAILS = ExpertDetails(
    "AL", "Special prosecution", "Expert 1 of the office", "prosecution", ("en", "sq"), ("TIP",), ("joint_team",)
)


@pytest.mark.parametrize(
    ("today", "state"),
    [
        (date(2026, 3, 31), "confirmed"), (date(2026, 4, 1), "due"), (date(2026, 9, 30), "due"),
        (date(2026, 10, 1), "stale"), (date(2027, 6, 1), "stale"),
    ],
)  # fmt: skip
def test_find_state_is_stale_after_two_whole_quarters(today: date, state: str) -> None:
    assert find_state(date(2026, 1, 2), today) == state


def test_find_state_without_confirmation_is_unconfirmed() -> None:
    assert find_state(None, date(2026, 1, 2)) == "unconfirmed"


@pytest.mark.parametrize(
    ("day", "number"),
    [(date(2026, 10, 1), 1), (date(2026, 12, 16), 1), (date(2026, 12, 17), 2), (date(2026, 12, 28), 3)],
)
def test_count_due_letters_adds_reminders_before_the_end_of_the_quarter(day: date, number: int) -> None:
    assert letters.count_due_letters(day) == number


def test_clean_details_orders_codes_and_drops_unknown_ones() -> None:
    cleaned = clean_details(replace(DETAILS, languages=("en", "xx", "sq"), institution=" Special  prosecution "))
    assert (cleaned.languages, cleaned.institution) == (("sq", "en"), "Special prosecution")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role": "minister"}, "Choose the role"),
        ({"letter_language": "de"}, "Choose the role"),
        ({"languages": ("xx",)}, "at least one language"),
        ({"crimes": ()}, "at least one language"),
        ({"position": "x"}, "3 to 150 characters"),
        ({"region": "r" * 151}, "3 to 150 characters"),
        ({"institution": "Write to office@example.org"}, "Write no address here"),
        ({"position": "Expert 0101990710008"}, "number of a person"),
    ],
)
def test_clean_details_refuses(change: dict[str, str], message: str) -> None:
    with pytest.raises(ExpertError, match=message):
        clean_details(replace(DETAILS, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["", "nobody", "a@b", "a b@example.org", "a@example.org\nBcc: x@example.org"])
def test_clean_address_refuses(address: str) -> None:
    with pytest.raises(ExpertError):
        model.clean_address(address)


def make_expert(number: int, state: model.State = "confirmed", **changes: object) -> Expert:
    details = replace(DETAILS, **{"jurisdiction": "BA_FED"} | changes)  # type: ignore[arg-type]
    return Expert(f"E{number}", details, state, "2026-10-01", None)


def test_rank_counterparts_prefers_languages_then_joint_teams_then_freshness() -> None:
    experts = [
        make_expert(1, languages=("de",)),
        make_expert(2, languages=("sq", "en")),
        make_expert(3, languages=("en",), procedures=("extradition",)),
        make_expert(4, languages=("en",), state="due"),
        make_expert(5, languages=("en",)),
        make_expert(6, state="stale"), make_expert(7, state="unconfirmed"), make_expert(8, crimes=("SOM",)),
        make_expert(9, jurisdiction="ME"),
    ]  # fmt: skip
    ranked = rank_counterparts(experts, "BA", "TIP", {"sq", "en"})
    assert [item.expert.expert_id for item in ranked] == ["E2", "E5", "E4", "E3", "E1"]
    assert [item.languages for item in ranked[:2]] == [("sq", "en"), ("en",)]


def test_token_that_was_cut_or_changed_is_not_whole() -> None:
    token = links.make_token()
    assert links.is_whole(token)
    changed = ("A" if token[0] != "A" else "B") + token[1:]
    assert not any(links.is_whole(broken) for broken in (token[:-1], changed, token + "x", "", "é" * 36))
    assert len({links.digest_token(token), links.form_token(token), token}) == 3
