"""Due work besides returns: confirmations of experts and rounds, by number and without names."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pipelines.cli.main import main
from pipelines.core import clock
from pipelines.core.home import Home
from pipelines.operations.due_work import DueWork, list_due_work
from pipelines.submissions.experts.letters import count_unconfirmed
from pipelines.survey import service
from tests.support import surveys as fakes

TODAY = date(2026, 11, 10)


@pytest.fixture
def desk(tmp_path: Path) -> service.SurveyDesk:
    with clock.freeze_time(clock.parse_time(fakes.MONDAY)):
        return fakes.make_desk(tmp_path)


def list_work(desk: service.SurveyDesk, today: date = TODAY) -> list[DueWork]:
    return list_due_work(desk.surveys.home, desk.engine, today)


def test_rounds_are_due_on_their_first_and_last_day_until_they_are_done(desk: service.SurveyDesk) -> None:
    invitees = fakes.make_invitees([("AL", "police", 7)])
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        open_id = fakes.open_round(desk, invitees)
        planned = service.plan_round(
            desk, fakes.STEWARD, "full", "2026", date(2026, 12, 1), date(2026, 12, 20), invitees[:3]
        )
        assert list_work(desk) == [
            DueWork("close_round", fakes.CLOSES, open_id, 7),
            DueWork("open_round", date(2026, 12, 1), planned.round_id, 3),
        ]
        late = list_work(desk, date(2026, 12, 21))
        assert [item.act for item in late] == ["close_round"], "a planned round whose days are over is not due"
        service.close_round(desk, fakes.STEWARD, open_id)
        assert [item.act for item in list_work(desk)] == ["open_round"]
    desk.engine.dispose()


def test_confirmations_are_due_by_the_end_of_the_quarter(
    desk: service.SurveyDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert count_unconfirmed(desk.engine) == 0 and list_work(desk) == []
    monkeypatch.setattr("pipelines.submissions.experts.letters.count_unconfirmed", lambda _: 4)
    assert list_work(desk) == [DueWork("confirm_entries", date(2026, 12, 31), "2026-Q4", 4)]
    desk.engine.dispose()


def test_timetable_lists_other_work_before_returns(
    desk: service.SurveyDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home: Home = desk.surveys.home
    with clock.freeze_time(clock.parse_time(fakes.DURING)):
        fakes.open_round(desk, fakes.make_invitees([("AL", "police", 7)]))
    desk.engine.dispose()
    monkeypatch.setenv("RTI_HOME", str(home.root))
    monkeypatch.setenv("RTI_NOW", fakes.DURING)
    assert main(["timetable"]) == 0
    text = capsys.readouterr().out
    assert "last day of the round" in text and "2026-Q4-pulse" in text and "police" not in text
    assert text.index("2026-Q4-pulse") < text.index("jurisdiction")
    assert main(["timetable", "--jurisdiction", "AL"]) == 0
    assert "last day of the round" not in capsys.readouterr().out
