"""Send waiting notices and remind of deadlines in a thread of a running service.

Without a service, `rti notices send` and `rti notices remind` do the same; doing it twice sends nothing twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.core.error_places import describe_fault
from pipelines.submissions.notices.settings import NoticeSettingsError

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry

EVERY_SECONDS = 20
REMIND_EVERY = 180
"""Rounds between two checks of the deadlines: an hour."""
_LOG = logging.getLogger("rti.clerk")


@contextmanager
def at_work(home: Home, engine: sa.Engine, registry: Registry, *, every: float = EVERY_SECONDS) -> Iterator[None]:
    """Do the rounds in a thread of this process while the block lasts."""
    stop = threading.Event()
    clerk = threading.Thread(target=_rounds, args=(home, engine, registry, stop, every), name="clerk", daemon=True)
    clerk.start()
    try:
        yield
    finally:
        stop.set()
        clerk.join(timeout=10)


def _rounds(home: Home, engine: sa.Engine, registry: Registry, stop: threading.Event, every: float) -> None:
    number = 0
    while not stop.wait(every):
        try:
            is_hourly = number % REMIND_EVERY == 0
            round_(home, engine, registry, remind=is_hourly)
            if is_hourly:
                keep_survey(home, engine, registry)
                ask_experts(home, engine)
        except NoticeSettingsError:
            # The message may quote the sender's address, or a word that is in the file by mistake.
            _LOG.error(
                "notices cannot go out, because a setting of them is wrong; `rti notices send` says which. The next "
                "round follows in %s s",
                every,
            )
        except Exception as error:
            # An unreachable database must not end the rounds: notices wait, and the next round may send them. The
            # message of such an exception may quote a row or an address.
            _LOG.error("a round over the notices failed; the next follows in %s s: %s", every, describe_fault(error))
        number += 1


def keep_survey(home: Home, engine: sa.Engine, registry: Registry) -> None:
    """Send due letters of the questionnaire and close rounds whose last day is over; nothing without a round.

    Raises NoticeSettingsError.
    """
    from pipelines.survey import databases, service, surveys

    if not databases.has_survey(home):
        return
    outcome = service.run_daily_work(service.SurveyDesk(surveys.open_surveys(home), engine, registry))
    if outcome.failed:
        _LOG.warning("%s letters of the questionnaire could not be sent; they are tried again", outcome.failed)


def ask_experts(home: Home, engine: sa.Engine) -> None:
    """Send the letters that ask experts to confirm their entry. Raises NoticeSettingsError."""
    from pipelines.submissions.experts.letters import remind_experts

    outcome = remind_experts(home, engine)
    if outcome.failed:
        _LOG.warning("%s letters to experts could not be sent; they are tried again", outcome.failed)


def round_(home: Home, engine: sa.Engine, registry: Registry, *, remind: bool) -> int:
    """Do one round; return how many notices were sent. Raises NoticeSettingsError."""
    from pipelines.submissions import notices

    if remind:
        notices.enqueue_reminders(home, engine, registry)
    delivery = notices.deliver_notices(home, engine, registry=registry)
    if delivery.failed or delivery.given_up:
        _LOG.warning(
            "%s notices could not be sent, %s were given up; see `rti notices list`", delivery.failed, delivery.given_up
        )
    return delivery.sent
