"""The clerk of a running service: sends notices that wait, and reminds of deadlines, beside the pages.

Without a service the same is done by `rti notices send` and `rti notices remind`; doing it twice tells nobody twice.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pipelines.submissions.notices.settings import NoticeSettingsError
from pipelines.web import fault_log

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pipelines.core.home import Home
    from pipelines.declarations.registry import Registry

EVERY_SECONDS = 20
REMIND_EVERY = 180
"""Rounds between two looks at the deadlines: an hour."""
_LOG = logging.getLogger("rti.clerk")


@contextmanager
def at_work(home: Home, engine: sa.Engine, registry: Registry, *, every: float = EVERY_SECONDS) -> Iterator[None]:
    """While the block lasts, a thread of this process does the rounds."""
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
            round_(home, engine, registry, remind=number % REMIND_EVERY == 0)
        except NoticeSettingsError as error:
            # Its words name the setting and how it is written, for whoever can mend it; they quote nothing else.
            _LOG.error("notices cannot go out; the next round follows in %s s: %s", every, str(error))
        except Exception as error:
            # A database that is away must not end the rounds: notices wait, the next may go out. The words of such an
            # exception may quote a row or an address.
            _LOG.error("a round over the notices failed; the next follows in %s s: %s", every, fault_log.told(error))
        number += 1


def round_(home: Home, engine: sa.Engine, registry: Registry, *, remind: bool) -> int:
    """One round; returns how many notices went out. Raises NoticeSettingsError."""
    from pipelines.submissions import notices

    if remind:
        notices.remind(home, engine, registry)
    done = notices.deliver(home, engine, registry=registry)
    if done.failed or done.given_up:
        _LOG.warning(
            "%s notices could not be sent, %s were given up; see `rti notices list`", done.failed, done.given_up
        )
    return done.sent
