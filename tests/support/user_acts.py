"""Carry out one act of a part of the service as the user who runs the program.

`python -m tests.support.user_acts ACT` acts on the home of the environment; ACT is a key of `ACTS`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from pipelines.core import rights
from pipelines.core.home import Home, open_home
from tests.kills import world
from tests.support.releases import publication_fixture
from tests.support.service import portal_fixture


def hand_in(home: Home) -> None:
    """Make the accounts of the offices of Albania; upload a return, send it, and approve it as a second person."""
    from pipelines.ledger.opening import open_ledger

    portal_fixture.make_accounts(open_ledger(home))
    for act in (world.upload_return, world.send_return, world.approve_return):
        act(home)


def serve_request(home: Home) -> None:
    """Start the offices' pages in this process, with the files that they make at first, and ask whether they serve."""
    from starlette.testclient import TestClient

    from dashboards.office.app import create_app
    from pipelines.web.settings import read_web_settings

    app = create_app(home, read_web_settings(home, 8502))
    with TestClient(app, base_url="http://127.0.0.1:8502") as client:
        ready = client.get("/ready")
    if ready.status_code != 200:
        raise RuntimeError(ready.text)


def plan_round(home: Home) -> None:
    """Plan a round of the questionnaire, and give it the box and the key of its answers."""
    from pipelines.survey.answer_store import AnswerStore
    from pipelines.survey.invitation_store import InvitationStore

    InvitationStore(home)
    AnswerStore(home).add_box("pulse-2026-Q3")


def roll_back(home: Home) -> None:
    """Make the first release of the home of `publication_fixture` the current one again."""
    from pipelines import refresh as steps

    steps.roll_back(home, publication_fixture.FIRST, actor="the-steward", reason="The test goes back to the first.")


ACTS: dict[str, Callable[[Home], object]] = {
    "hand in": hand_in,
    "refresh": world.refresh_home,
    "publish": world.publish_draft,
    "roll back": roll_back,
    "serve": serve_request,
    "round": plan_round,
}


def main() -> None:
    """Carry out the named act."""
    home = open_home()
    rights.adopt_umask(home)
    ACTS[sys.argv[1]](home)


if __name__ == "__main__":
    main()
