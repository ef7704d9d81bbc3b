"""Uploads under way: each begun once, in a thread of its own, and followed by as many as ask for its answer.

A page is run again for whatever happens on it, and the run that waited for an answer is gone; the check and the
keeping go on, and the next run joins them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from concurrent.futures import Future
from typing import TYPE_CHECKING

from pipelines.submissions import store
from pipelines.submissions.service import uploading
from pipelines.submissions.service.desk import Desk

if TYPE_CHECKING:
    from pipelines.ledger.identity import Identity
    from pipelines.submissions.checking.check import Step
    from pipelines.submissions.service.uploading import OnStep, Uploaded


class LeftError(Exception):
    """Nobody waits any longer for a file that is not kept yet: nothing is made of it."""


class Underway:
    """One upload at work. What it does is begun with it."""

    def __init__(self, work: Callable[[OnStep], Uploaded]) -> None:
        self._steps: list[Step] = []
        self._left = False
        self._done: Future[Uploaded] = Future()
        self._news = threading.Condition()
        threading.Thread(target=self._run, args=(work,), name="upload").start()

    def follow(self, on_step: OnStep) -> Uploaded:
        """Wait for the end, telling every step from the first on in the calling thread. Raises what the work raised.

        What `on_step` raises ends the following and nothing else.
        """
        told = 0
        while new := self._after(told):
            for step in new:
                on_step(step)
            told += len(new)
        return self._done.result()

    def leave(self) -> None:
        """End the work at its next step; what is kept by then stays kept."""
        self._left = True

    def _after(self, told: int) -> list[Step]:
        """The steps after so many, once there are some; none where there will be none."""
        with self._news:
            self._news.wait_for(lambda: len(self._steps) > told or self._done.done())
            return self._steps[told:]

    def _run(self, work: Callable[[OnStep], Uploaded]) -> None:
        try:
            uploaded = work(self._step)
        except BaseException as error:  # told to whoever follows, in the thread that follows
            self._done.set_exception(error)
        else:
            self._done.set_result(uploaded)
        with self._news:
            self._news.notify_all()

    def _step(self, step: Step) -> None:
        if self._left:
            raise LeftError
        with self._news:
            self._steps.append(step)
            self._news.notify_all()


class Uploads:
    """The uploads that one drop area of one session waits for, by the file's id there, the account and the SHA-256."""

    def __init__(self) -> None:
        self._underway: dict[tuple[str, str, str], Underway] = {}

    def begin(
        self,
        desk: Desk,
        who: Identity,
        data: bytes,
        filename: str,
        file_id: str,
        *,
        form: str | None = None,
        kind: str | None = None,
    ) -> Underway:
        """Begin the upload of a file, or join the one that was begun of these bytes under this id, whatever its form.

        Raises nothing of `uploading.upload`: following does.
        """
        key = (file_id, who.account, store.digest(data))
        if key not in self._underway:
            self._underway[key] = Underway(
                lambda on_step: uploading.upload(desk, who, data, filename, form=form, kind=kind, on_step=on_step)
            )
        return self._underway[key]

    def told(self, file_id: str) -> None:
        """What became of a file has been told: it is waited for no longer."""
        for key in [key for key in self._underway if key[0] == file_id]:
            del self._underway[key]

    def keep(self, file_ids: Collection[str]) -> None:
        """Leave every upload but those of these files: the others were taken out of the list."""
        for key in [key for key in self._underway if key[0] not in file_ids]:
            self._underway.pop(key).leave()
