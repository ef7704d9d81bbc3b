"""Tests of the words on two sources of one figure."""

from __future__ import annotations

from pipelines.words import agreement

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
    assert "(forced criminality: 14 + forced labour: 35 + sexual exploitation: 61)" in added_up
