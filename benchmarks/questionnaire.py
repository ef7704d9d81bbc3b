"""The questionnaire: 200 people who fill it in at once, and the results of 5,000 people over eight quarters.

A person is an HTTP client that opens every page, saves it and sends the answers; what a browser draws is not measured.
The answers of the eight quarters are sealed in one transaction a quarter, because 40,000 people do not send at once;
opening the seals, pooling, storing, aggregating and showing them are measured.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from statistics import median, quantiles
from typing import TYPE_CHECKING

from benchmarks import measuring
from benchmarks.registry import Figure, Setting, register_benchmark

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.survey.service import SurveyDesk

PEOPLE = 200
READING_SECONDS = 5.0
"""Seconds for which somebody reads a page of five questions; most need more."""
PAGE_TARGET, RESULTS_TARGET = 0.3, 60.0
RESPONDENTS = 5_000
QUARTERS = tuple(f"{year}-Q{quarter}" for year in (2025, 2026) for quarter in (1, 2, 3, 4))
TERRITORIES = ("AL", "BA", "HR", "XK", "MK", "ME", "RS")


@register_benchmark("questionnaire", "the questionnaire: 200 people at once, and results of 5,000 over eight quarters")
def measure_questionnaire(setting: Setting) -> Iterator[Figure]:
    """Measure a service of its own with one open round, then the closing of eight rounds."""
    yield from _measure_people(setting.scratch / "questionnaire")
    yield from _measure_results(setting.scratch / "results")


def _measure_people(folder: Path) -> Iterator[Figure]:
    import httpx

    from pipelines.survey.letters import PATH
    from tests.support import surveys as fakes
    from tests.support.service.running import run_service
    from tests.support.service.visitor import Visitor

    desk, round_id = _open_round(folder, [(territory, "police", 29) for territory in TERRITORIES])
    tokens = [sent[0] for sent in fakes.read_outbox(desk.surveys.home).values()][:PEOPLE]
    times: list[float] = []
    faults: list[str] = []

    def fill_in(token: str, number: int, address: str) -> None:
        time.sleep(READING_SECONDS * number / PEOPLE)
        with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
            visitor = Visitor(client)
            try:
                began = time.perf_counter()
                page = visitor.open_page(f"{PATH}/{round_id}/{token}")
                times.append(time.perf_counter() - began)
                began = time.perf_counter()
                page = page.follow_link("Begin")
                times.append(time.perf_counter() - began)
                while page.find_forms("Save and continue"):
                    time.sleep(READING_SECONDS)
                    names = dict.fromkeys(e.get("name") for e in page.find_elements("fieldset input"))
                    began = time.perf_counter()
                    page = page.submit_form("Save and continue", **dict.fromkeys(names, "no_experience"))
                    times.append(time.perf_counter() - began)
                began = time.perf_counter()
                page = page.submit_form("Send my answers")
                times.append(time.perf_counter() - began)
                if page.heading != "Your answers have been received":
                    faults.append(page.main[:200])
            except Exception as error:
                faults.append(f"{type(error).__name__}: {error}")

    with run_service(desk.surveys.home.root, folder, environment={"RTI_NOW": measuring.NOW}) as running:
        fill_in(tokens[0], 0, running.address)
        times.clear()
        threads = [
            threading.Thread(target=fill_in, args=(token, number, running.address))
            for number, token in enumerate(tokens[1:])
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if faults:
        raise SystemExit(f"{len(faults)} people met an error, the first: {faults[0]}")
    stored = desk.surveys.answers.count_sealed(round_id)
    p95 = quantiles(times, n=20, method="inclusive")[-1]
    yield Figure(f"{len(tokens)} people at once, a page, p50", median(times), "s")
    yield Figure(
        f"{len(tokens)} people at once, a page, p95", p95, "s", target="≤ 0.3 s", reached=p95 <= PAGE_TARGET,
        note=f"{len(times)} pages, {stored} answers stored",
    )  # fmt: skip
    desk.engine.dispose()


def _measure_results(folder: Path) -> Iterator[Figure]:
    from pipelines.survey import results
    from tests.support.service.running import run_service
    from tests.support.service.visitor import visit_service

    desk = _make_desk(folder)
    for period in QUARTERS:
        _fill_box(desk, period)
    began = time.perf_counter()
    for period in QUARTERS:
        desk.surveys.answers.empty_box(f"{period}-pulse", "2026-11-20", ())
        desk.surveys.invitations.forget_answered(f"{period}-pulse")
    loaded = time.perf_counter()
    results.write_results(desk.surveys)
    aggregated = time.perf_counter()
    with (
        run_service(desk.surveys.home.root, folder, environment={"RTI_NOW": measuring.NOW}) as running,
        visit_service(running, "the-steward") as visitor,
    ):
        visitor.open_page("/survey-results")
        before_page = time.perf_counter()
        page = visitor.open_page("/survey-results")
        page_seconds = time.perf_counter() - before_page
        if page.status != 200:
            raise SystemExit(f"the page of results answered {page.status}")
    whole = aggregated - began + page_seconds
    count = RESPONDENTS * len(QUARTERS)
    yield Figure(f"opening and storing {count:,} answers", loaded - began, "s")
    yield Figure("aggregating them", aggregated - loaded, "s")
    yield Figure("page of results", page_seconds, "s")
    yield Figure("all three", whole, "s", target="< 60 s", reached=whole < RESULTS_TARGET)
    desk.engine.dispose()


def _make_desk(folder: Path) -> SurveyDesk:
    from tests.support import surveys as fakes

    folder.mkdir()
    return fakes.make_desk(folder)


def _open_round(folder: Path, cells: list[tuple[str, str, int]]) -> tuple[SurveyDesk, str]:
    from pipelines.survey import letters, service
    from tests.support import surveys as fakes

    desk = _make_desk(folder)
    today = date.fromisoformat(measuring.NOW[:10])
    round_ = service.plan_round(
        desk, fakes.STEWARD, "pulse", "2026-Q4", today, today + timedelta(days=20), fakes.make_invitees(cells)
    )
    service.open_round(desk, fakes.STEWARD, round_.round_id)
    letters.send_letters(desk.surveys)
    return desk, round_.round_id


def _fill_box(desk: SurveyDesk, period: str) -> None:
    """Put the sealed answers of one quarter into the store, as sending them one by one would."""
    import sqlalchemy as sa

    from pipelines.survey.answer_rules import Questionnaire
    from pipelines.survey.answer_store import BOX, SEALED
    from pipelines.survey.invitation_store import Round
    from pipelines.survey.sealing import seal_answers
    from tests.support import surveys as fakes

    rng, round_id = random.Random(period), f"{period}-pulse"
    round_ = Round(
        round_id, "pulse", period, f"{period[:4]}-0{period[-1]}-01", f"{period[:4]}-0{period[-1]}-28", "open"
    )
    desk.surveys.invitations.add_round(round_, fakes.make_invitees([(code, "police", 3) for code in TERRITORIES]))
    desk.surveys.answers.add_box(round_id)
    roles = list(desk.surveys.bank.lists.roles)
    with desk.surveys.answers.database.open_write() as connection:
        public_key = connection.execute(sa.select(BOX.c.public_key).where(BOX.c.round_id == round_id)).scalar_one()
        rows = []
        for number in range(RESPONDENTS):
            role = roles[number % len(roles)]
            answers = fakes.choose_answers(Questionnaire(desk.surveys.bank, "pulse", role), rng)
            content = {
                "form": "pulse",
                "territory": TERRITORIES[number % len(TERRITORIES)],
                "role": role,
                "codes": {f"{question}.1": list(codes) for question, codes in answers.items()},
                "texts": {},
            }
            sealed = seal_answers(public_key, content)
            rows.append({"sealed_id": secrets.token_hex(16), "round_id": round_id, "content": sealed})
        connection.execute(sa.insert(SEALED), rows)
