"""Tests of the clock: a time in `RTI_NOW` stops it, and a difference shifts it from the system clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.core import clock
from pipelines.core.settings import SettingsError

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-20T09:00:00Z", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20T10:00:00+01:00", datetime(2026, 11, 20, 9, tzinfo=UTC)),
        ("2026-11-20T09:00:00", datetime(2026, 11, 20, 9, tzinfo=UTC)),
    ],
)
def test_now_with_a_time_is_stopped(monkeypatch: pytest.MonkeyPatch, value: str, expected: datetime) -> None:
    monkeypatch.setenv("RTI_NOW", value)
    assert clock.now() == expected
    assert clock.read_difference() == timedelta()
    assert abs(clock.read_dagster_clock() - clock.read_wall_clock()) < 60


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("+P30D", timedelta(days=30)),
        ("-P3DT2H30M", -timedelta(days=3, hours=2, minutes=30)),
        ("-PT90M", -timedelta(minutes=90)),
        ("+PT1S", SECOND),
    ],
)
def test_now_with_a_difference_keeps_running(monkeypatch: pytest.MonkeyPatch, value: str, expected: timedelta) -> None:
    monkeypatch.setenv("RTI_NOW", value)
    assert clock.read_difference() == expected
    for _ in range(2):
        before = datetime.now(UTC) + expected
        assert before - SECOND < clock.now() <= datetime.now(UTC) + expected
    assert clock.read_dagster_clock() - clock.read_wall_clock() == pytest.approx(expected.total_seconds(), abs=1)
    with clock.freeze_time(datetime(2026, 1, 1, tzinfo=UTC)):
        assert clock.now() == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("value", ["+3 days", "P3D", "+P", "-P3X", "+P40000D", "+P999999999999D", "soon"])
def test_now_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("RTI_NOW", value)
    with pytest.raises(SettingsError, match=r"RTI_NOW is .*; write a time such as .* or a difference") as error:
        clock.now()
    assert value in str(error.value)
