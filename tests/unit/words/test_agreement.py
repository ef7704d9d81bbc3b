"""Tests of the words on two sources of one figure."""

from __future__ import annotations

from pipelines.words import agreement, language

REPORT = "Trafficking in Persons Report 2023 (Albania)"
PAIR = {
    "left_source": REPORT, "left_words": "potential victims", "left_value": 110.0, "left_parts": "",
    "right_source": REPORT, "right_words": "potential victims", "right_value": 110.0,
    "right_parts": "criminality: 14 + labour: 35 + sexual: 61",
}  # fmt: skip


def test_sum_is_told_apart_from_the_total_of_the_same_source() -> None:
    total, added_up = (
        " ".join(text for text, _ in agreement.describe_side(PAIR, side, {})) for side in ("left", "right")
    )
    assert total.split() != added_up.split()
    assert added_up.startswith("110 = 14 (forced criminality) + 35 (forced labour) + 61 (sexual exploitation): ")


def test_years_of_a_sum_follow_their_numbers() -> None:
    pair = PAIR | {"right_parts": "2019: 61 + 2020: 70", "right_value": 131.0}
    assert agreement.describe_side(pair, "right", {})[0] == ("131 = 61 (2019) + 70 (2020):", "")


def test_terms_of_a_sum_are_in_the_words_of_the_publisher() -> None:
    form = "form of exploitation: labour incl. 26 forced begging"
    pair = PAIR | {"right_parts": f"{form}: 35 + sexual: 75"}
    expected = {
        "en": "110 = 35 (labour incl. 26 forced begging) + 75 (sexual exploitation):",
        "hr": "110 = 35 (radno, uključujući 26 s prisilnim prosjačenjem) + 75 (seksualno iskorištavanje):",
    }
    for code, text in expected.items():
        with language.read_in(code):
            assert agreement.describe_side(pair, "right", {})[0][0] == text


def test_remark_on_a_source_is_apart_from_its_title() -> None:
    pair = PAIR | {"left_source": f"{REPORT}, seen second-hand"}
    assert agreement.describe_side(pair, "left", {})[-1][0] == f"({REPORT})"
    assert agreement.remark_on_side(pair, "left").startswith("Read in a copy or a quotation")
    assert agreement.remark_on_side(pair, "right") == ""
