"""Run each upload once in its own thread, so that any number of page runs can wait for its result.

Streamlit runs a page again on every event, which ends the run that waited for an upload. The upload continues, and the
next run waits for it.
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
    from pipelines.submissions.service.uploading import OnStep, UploadResult


class UploadCancelledError(Exception):
    """The upload was cancelled before the file was stored."""


class RunningUpload:
    """One running upload. Its thread starts with the object."""

    def __init__(self, work: Callable[[OnStep], UploadResult]) -> None:
        self._steps: list[Step] = []
        self._left = False
        self._done: Future[UploadResult] = Future()
        self._news = threading.Condition()
        threading.Thread(target=self._run, args=(work,), name="upload").start()

    def follow_steps(self, on_step: OnStep) -> UploadResult:
        """Wait for the result, calling `on_step` in this thread for every step from the first; re-raise its error.

        An exception from `on_step` ends the waiting but not the upload.
        """
        step_count = 0
        while new := self._after(step_count):
            for step in new:
                on_step(step)
            step_count += len(new)
        return self._done.result()

    def cancel_upload(self) -> None:
        """Cancel the upload at its next step; a file that is stored by then stays stored."""
        self._left = True

    def _after(self, step_count: int) -> list[Step]:
        """Wait for steps after the first `step_count` and return them; empty if the upload is finished."""
        with self._news:
            self._news.wait_for(lambda: len(self._steps) > step_count or self._done.done())
            return self._steps[step_count:]

    def _run(self, work: Callable[[OnStep], UploadResult]) -> None:
        try:
            uploaded = work(self._step)
        except BaseException as error:  # re-raised in the threads that follow
            self._done.set_exception(error)
        else:
            self._done.set_result(uploaded)
        with self._news:
            self._news.notify_all()

    def _step(self, step: Step) -> None:
        if self._left:
            raise UploadCancelledError
        with self._news:
            self._steps.append(step)
            self._news.notify_all()


class Uploads:
    """The uploads of one drop area in one session, by the file's id there, the account and the SHA-256."""

    def __init__(self) -> None:
        self._underway: dict[tuple[str, str, str], RunningUpload] = {}

    def begin_upload(
        self,
        desk: Desk,
        who: Identity,
        data: bytes,
        filename: str,
        file_id: str,
        *,
        form: str | None = None,
        kind: str | None = None,
    ) -> RunningUpload:
        """Start the upload of a file, or return the running one of these bytes under this id, whatever its form.

        The errors of `uploading.upload_file` are raised by `RunningUpload.follow_steps`, not here.
        """
        key = (file_id, who.account, store.compute_digest(data))
        if key not in self._underway:
            self._underway[key] = RunningUpload(
                lambda on_step: uploading.upload_file(desk, who, data, filename, form=form, kind=kind, on_step=on_step)
            )
        return self._underway[key]

    def forget_file(self, file_id: str) -> None:
        """Forget the uploads of a file after its result was shown."""
        for key in [key for key in self._underway if key[0] == file_id]:
            del self._underway[key]

    def keep_only(self, file_ids: Collection[str]) -> None:
        """Cancel all uploads except those of these files, because the others were removed from the list."""
        for key in [key for key in self._underway if key[0] not in file_ids]:
            self._underway.pop(key).cancel_upload()
