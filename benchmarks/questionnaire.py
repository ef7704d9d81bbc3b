"""The questionnaire: 200 people who fill it in at once, and the results of 5,000 people over eight quarters.

A person opens every page, saves it and sends the answers (`questionnaire_load`); what a browser draws is not measured.
The answers of the eight quarters are sealed in one transaction a quarter, because 40,000 people do not send at once;
opening the seals, pooling, storing, aggregating and showing them are measured.
"""

from __future__ import annotations

import random
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING

from benchmarks import measuring
from benchmarks.questionnaire_load import measure_people
from benchmarks.registry import Figure, Setting, register_benchmark

if TYPE_CHECKING:
    from pathlib import Path

    from pipelines.survey.service import SurveyDesk

PEOPLE = 200
THINK_SECONDS = 5.0
"""Seconds from one page of a person to the next: a load of 40 pages in a second. Most people need longer."""
PAGE_TARGET, RESULTS_TARGET = 0.3, 60.0
RESPONDENTS = 5_000
QUARTERS = tuple(f"{year}-Q{quarter}" for year in (2025, 2026) for quarter in (1, 2, 3, 4))
TERRITORIES = ("AL", "BA", "HR", "XK", "MK", "ME", "RS")


@register_benchmark("questionnaire", "the questionnaire: 200 people at once, and results of 5,000 over eight quarters")
def measure_questionnaire(setting: Setting) -> Iterator[Figure]:
    """Measure a service of its own with one open round, then the closing of eight rounds."""
    yield from _measure_people(setting.scratch / "questionnaire", visits=3 if max(setting.scales) > 1 else 1)
    yield from _measure_results(setting.scratch / "results")


def _measure_people(folder: Path, visits: int) -> Iterator[Figure]:
    """Measure 200 people at once, in `visits` rounds in which they pause between pages and two in which they do not.

    A round with pauses takes 35 s. With one such round, the floor is measured without pauses only.
    """
    from pipelines.survey.letters import PATH
    from tests.support import surveys as fakes
    from tests.support.service.running import run_service

    desk, round_id = _open_round(
        folder, [(territory, "police", PEOPLE * (visits + 2) // 7 + 1) for territory in TERRITORIES]
    )
    starts = [f"{PATH}/{round_id}/{sent[0]}" for sent in fakes.read_outbox(desk.surveys.home).values()]
    first, paced, fast = (
        starts[:1],
        starts[1 : PEOPLE * visits + 1],
        starts[PEOPLE * visits + 1 : PEOPLE * (visits + 2) + 1],
    )
    environment = {"RTI_NOW": measuring.NOW, "RTI_REQUESTS_PER_MINUTE": "10000000"}
    with run_service(desk.surveys.home.root, folder, environment=environment) as running:
        page = measure_people(running.address, first, 1, 0).first_page
        before = running.measure_processor_time()
        paced_result = measure_people(running.address, paced, PEOPLE, THINK_SECONDS)
        processor = running.measure_processor_time() - before
        fast_result = measure_people(running.address, fast, PEOPLE, 0)
    with _run_bare_service(folder, page) as address:
        bare_paced = measure_people(address, paced, PEOPLE, THINK_SECONDS) if visits > 1 else None
        bare_fast = measure_people(address, fast, PEOPLE, 0)
    stored = desk.surveys.answers.count_sealed(round_id)
    if stored != len(first) + len(paced) + len(fast):
        raise SystemExit(f"{stored} answers are stored of {len(first) + len(paced) + len(fast)} that were confirmed")
    floor = "a bare Starlette service"
    each = 1000 * processor / len(paced_result.times)
    paced_floor = (bare_paced.p50, bare_paced.p95, floor) if bare_paced is not None else (None, None, "")
    yield Figure(
        f"{PEOPLE} people, a page each {THINK_SECONDS:.0f} s, p50",
        paced_result.p50, "s", paced_floor[0], paced_floor[2],
    )  # fmt: skip
    yield Figure(
        f"{PEOPLE} people, a page each {THINK_SECONDS:.0f} s, p95",
        paced_result.p95, "s", paced_floor[1], paced_floor[2], "≤ 0.3 s", paced_result.p95 <= PAGE_TARGET,
        f"{len(paced_result.times)} pages, {paced_result.rate:.0f} in a second, slowest "
        f"{max(paced_result.times):.2f} s; {each:.1f} ms of the service's processor time each",
    )  # fmt: skip
    yield Figure(
        f"{PEOPLE} people without a pause, p95", fast_result.p95, "s", bare_fast.p95, floor,
        note=f"{len(fast_result.times)} pages",
    )  # fmt: skip
    yield Figure(f"{PEOPLE} people without a pause, pages", fast_result.rate, "/s", bare_fast.rate, floor)
    desk.engine.dispose()


@contextmanager
def _run_bare_service(folder: Path, page: bytes) -> Iterator[str]:
    """Run the floor, yield its address and end the process."""
    import httpx

    from tests.support.ports import free_port

    port, file = free_port(), folder / "bare-page"
    file.write_bytes(page)
    command = [sys.executable, "-m", "benchmarks.questionnaire_load", str(port), str(file)]
    with subprocess.Popen(command, cwd=measuring.ROOT) as process:
        try:
            for _ in range(100):
                with suppress(httpx.TransportError):
                    httpx.get(f"http://127.0.0.1:{port}/", trust_env=False)
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _measure_results(folder: Path) -> Iterator[Figure]:
    from pipelines.survey import public_results, results
    from tests.support.service.running import run_service
    from tests.support.service.visitor import visit_service

    desk = _make_desk(folder)
    for period in QUARTERS:
        _fill_box(desk, period)
    began, processor = time.perf_counter(), time.process_time()
    for period in QUARTERS:
        desk.surveys.answers.empty_box(f"{period}-pulse", "2026-11-20", ())
        desk.surveys.invitations.forget_answered(f"{period}-pulse")
    loaded, loading_processor = time.perf_counter(), time.process_time() - processor
    results.write_results(desk.surveys)
    public_results.write_public_results(desk.surveys)
    aggregated, processor = time.perf_counter(), time.process_time() - processor
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
    yield Figure(
        f"opening and storing {count:,} answers", loaded - began, "s",
        note=f"{loading_processor:.1f} s of processor time",
    )  # fmt: skip
    yield Figure(
        "aggregating them", aggregated - loaded, "s", note=f"{processor - loading_processor:.1f} s of processor time"
    )
    yield Figure("page of results", page_seconds, "s")
    yield Figure(
        "all three", whole, "s", target="< 60 s", reached=whole < RESULTS_TARGET,
        note=f"{processor:.1f} s of processor time without the page",
    )  # fmt: skip
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
