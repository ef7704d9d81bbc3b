"""People who fill in the questionnaire of a running service over HTTP, by its links and forms alone."""

from __future__ import annotations

import re
import threading
from contextlib import suppress
from dataclasses import dataclass, field

import httpx

from pipelines.survey.letters import PATH

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_QUESTION = re.compile(r'name="([A-Z]{2}\d\d)"')
ANSWER = "no_experience"


@dataclass
class Person:
    """One invited person: what the service has confirmed so far."""

    start: str
    saved: list[str] = field(default_factory=list)
    """Questions of the pages whose form the service has answered by leading on."""
    is_confirmed: bool = False
    was_sent_before: bool = False
    """The service said that the answers had been received, without this person having seen the confirmation."""


def make_people(round_id: str, tokens: list[str]) -> list[Person]:
    """Return the person of each link."""
    return [Person(f"{PATH}/{round_id}/{token}") for token in tokens]


def fill_in(address: str, person: Person, *, pages: int | None = None) -> None:
    """Answer every page and send, as far as the service answers; note what it confirms. Resumes where it was.

    With `pages`, only so many pages are answered, and nothing is sent.
    """
    with httpx.Client(base_url=address, timeout=60, trust_env=False) as client:
        page = client.get(person.start)
        if page.status_code == 410:
            person.was_sent_before = True
            return
        page = client.get(f"{person.start}/1")
        for number in range(30):
            if number == pages:
                return
            text, form = page.text, _CSRF.search(page.text)
            assert form is not None, (page.status_code, text[:300])
            at = page.url.path
            is_last = at.endswith("/check")
            questions = list(dict.fromkeys(_QUESTION.findall(text)))
            fields = dict.fromkeys(questions, ANSWER) | {"csrf": form[1], "go": "on"}
            answer = client.post(f"{person.start}/send" if is_last else at, data=fields)
            assert answer.status_code == 303, (answer.status_code, answer.text[:300])
            if is_last:
                person.is_confirmed = True
                return
            person.saved += questions
            page = client.get(answer.headers["location"])
    raise AssertionError(f"the questionnaire did not end: {person}")


def fill_in_until_gone(address: str, people: list[Person], at_once: int) -> list[threading.Thread]:
    """Let people fill in the questionnaire, some at once, until all have sent or the service is gone."""
    waiting, taking = [person for person in people if not person.is_confirmed], threading.Lock()

    def fill_in_next() -> None:
        with suppress(httpx.TransportError):
            while True:
                with taking:
                    person = waiting.pop() if waiting else None
                if person is None:
                    return
                fill_in(address, person)

    threads = [threading.Thread(target=fill_in_next) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    return threads
