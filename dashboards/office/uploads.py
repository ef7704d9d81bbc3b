"""Receive files on the pages, check them in the background, and keep each result until somebody has read it.

A check does not depend on the connection that sent its file: a page that is reloaded, or a line that comes back, finds
the same upload by its id. Nothing here is written to the disk; what is accepted is in the store.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException

from pipelines.core import clock
from pipelines.core.errors import UserFacingError
from pipelines.core.i18n import mark
from pipelines.reading.formats.common import MAX_BYTES
from pipelines.web import fault_log
from pipelines.web.files import InMemoryParser

if TYPE_CHECKING:
    from starlette.requests import Request

    from pipelines.ledger.identity import Identity
    from pipelines.submissions.checking.check import CheckProgress
    from pipelines.submissions.service import Desk, UploadResult
    from pipelines.web.check_queue import Queue

LARGEST_REQUEST = 2 * MAX_BYTES
"""Bytes of one request: without scripts, a browser sends all chosen files at once."""
MOST_FILES = 40
"""Files of one request, and files of one person that are checked or whose result is kept; a quarter of all forms of one
territory is under 20."""
SECONDS_SILENT = 60
"""Seconds for which a request may send nothing before it is given up and its bytes are released."""
SECONDS_KEPT = 900
"""Seconds for which the result of an upload is kept: a quarter of an hour without a network loses nothing."""
SECONDS_SWEEP = 60
_UPLOAD_ID = re.compile(r"[A-Za-z0-9-]{16,64}")

TOO_BIG = mark("The file is larger than {limit} MB. Split the return by periods and upload the parts.")
TOO_MUCH = mark("Too many files wait on your pages. Remove files from the list, or close other pages, and try again.")
TOO_SLOW = mark("The upload was interrupted. Choose the file again.")
NO_FILE = mark("Choose a file first.")


class UploadError(UserFacingError):
    """A file cannot be received; `status` is that of the HTTP answer."""

    def __init__(self, status: int, text: str, /, **params: object) -> None:
        super().__init__(text, **params)
        self.status = status


async def read_upload_form(request: Request, queue: Queue, account: str) -> FormData:
    """Return the fields and files of a request, counted as they arrive. Raises UploadError, QueueFullError.

    The bytes count as held for the account while they arrive.
    """
    n_bytes = 0

    async def read_chunks() -> AsyncGenerator[bytes, None]:
        nonlocal n_bytes
        stream = request.stream()
        while True:
            try:
                async with asyncio.timeout(SECONDS_SILENT):
                    chunk = await anext(stream)
            except TimeoutError:
                raise UploadError(408, TOO_SLOW) from None
            except StopAsyncIteration:
                return
            if n_bytes + len(chunk) > LARGEST_REQUEST:
                raise UploadError(413, TOO_BIG, limit=MAX_BYTES // 1024 // 1024)
            queue.hold_bytes(account, len(chunk))
            n_bytes += len(chunk)
            yield chunk

    # Refused before a byte is read if the request itself says that it is too big.
    stated = request.headers.get("content-length", "")
    if stated.isdigit() and int(stated) > LARGEST_REQUEST:
        raise UploadError(413, TOO_BIG, limit=MAX_BYTES // 1024 // 1024)
    parser = InMemoryParser(request.headers, read_chunks(), max_files=MOST_FILES, max_fields=2 * MOST_FILES)
    try:
        return await parser.parse()
    except MultiPartException:
        raise UploadError(400, TOO_MUCH) from None
    except KeyError:
        raise UploadError(400, NO_FILE) from None  # a form without a boundary, or that is not multipart
    finally:
        queue.release_bytes(account, n_bytes)


@dataclass
class Upload:
    """One file of one person: its progress so far, and its result or error once the check has ended.

    `place` is the page to which it belongs. `data` is kept for a second check as another form, and only as long as the
    store does not hold the file.
    """

    upload_id: str
    account: str
    place: str
    filename: str
    data: bytes | None = field(repr=False)
    progress: list[CheckProgress] = field(default_factory=list)
    result: UploadResult | None = None
    error: Exception | None = None
    ended_at: float | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def has_ended(self) -> bool:
        """Return True once there is a result or an error."""
        return self.ended_at is not None

    @property
    def version(self) -> int:
        """Return a number that grows with every change."""
        return len(self.progress) + self.has_ended

    async def wait_for_change(self, version: int, seconds: float) -> bool:
        """Wait until the version is another one, at most for some seconds; return False if it is still the same."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.version == version:
                    await self._changed.wait()
        return self.version != version

    def notify_followers(self) -> None:
        """Wake those who wait for a change. Call it in the event loop."""
        self._changed.set()
        self._changed = asyncio.Event()


class Uploads:
    """The uploads of one process. Use it from one event loop only."""

    def __init__(self, queue: Queue) -> None:
        self.queue = queue
        self._uploads: dict[tuple[str, str], Upload] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin_upload(
        self,
        desk: Desk,
        who: Identity,
        place: str,
        data: bytes,
        filename: str,
        *,
        form: str | None = None,
        kind: str | None = None,
        upload_id: str = "",
    ) -> Upload:
        """Begin to check a file, or return the upload that has this id already. Raises UploadError, QueueFullError.

        A browser that lost its connection while it sent a file sends it again under the same id.
        """
        if len(data) > MAX_BYTES:
            raise UploadError(413, TOO_BIG, limit=MAX_BYTES // 1024 // 1024)
        if not _UPLOAD_ID.fullmatch(upload_id):
            upload_id = secrets.token_urlsafe(18).replace("_", "-")
        if (present := self._uploads.get((who.account, upload_id))) is not None:
            return present
        self.forget_old_uploads()
        mine = self.list_uploads(who.account)
        if len(mine) >= MOST_FILES:
            if (oldest := next((upload for upload in mine if upload.has_ended), None)) is None:
                raise UploadError(429, TOO_MUCH)
            self.forget_upload(oldest)
        self.queue.hold_bytes(who.account, len(data))
        upload = Upload(upload_id, who.account, place, filename, data)
        self._uploads[who.account, upload_id] = upload
        task = asyncio.create_task(self._check(upload, desk, who, data, form, kind))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return upload

    async def _check(
        self, upload: Upload, desk: Desk, who: Identity, data: bytes, form: str | None, kind: str | None
    ) -> None:
        from pipelines.submissions.checking.check import UnknownFormError
        from pipelines.submissions.service import upload_file

        loop = asyncio.get_running_loop()

        def add_progress(progress: CheckProgress) -> None:
            upload.progress.append(progress)
            upload.notify_followers()

        def on_progress(progress: CheckProgress) -> None:
            loop.call_soon_threadsafe(add_progress, progress)

        def run_check() -> UploadResult:
            return upload_file(desk, who, data, upload.filename, form=form, kind=kind, on_progress=on_progress)

        try:
            upload.result = await self.queue.run(who.account, run_check)
        except Exception as error:
            upload.error = error  # shown to the person who sent the file
            if not isinstance(error, UserFacingError | UnknownFormError):
                fault_log.log_fault(error)
        finally:
            if upload.result is not None and upload.result.submission_id is not None:
                self._release_data(upload)
            upload.ended_at = clock.read_wall_clock()
            upload.notify_followers()

    def find_upload(self, account: str, place: str, upload_id: str) -> Upload | None:
        """Return an upload of a person on a page; None if it is unknown, or was ended too long ago."""
        upload = self._uploads.get((account, upload_id))
        return upload if upload is not None and upload.place == place else None

    def list_uploads(self, account: str) -> list[Upload]:
        """Return the uploads of a person, the oldest first."""
        return [upload for (owner, _), upload in self._uploads.items() if owner == account]

    def forget_upload(self, upload: Upload) -> None:
        """Forget the result of an upload; a draft that was made of it stays."""
        self._release_data(upload)
        self._uploads.pop((upload.account, upload.upload_id), None)

    def forget_old_uploads(self) -> None:
        """Forget uploads that ended more than `SECONDS_KEPT` ago."""
        oldest = clock.read_wall_clock() - SECONDS_KEPT
        for upload in list(self._uploads.values()):
            if upload.ended_at is not None and upload.ended_at < oldest:
                self.forget_upload(upload)

    def _release_data(self, upload: Upload) -> None:
        if upload.data is not None:
            self.queue.release_bytes(upload.account, len(upload.data))
            upload.data = None

    @asynccontextmanager
    async def sweep_regularly(self) -> AsyncIterator[None]:
        """Forget old uploads once a minute while the block lasts."""

        async def sweep_repeatedly() -> None:
            while True:
                await asyncio.sleep(SECONDS_SWEEP)
                self.forget_old_uploads()

        task = asyncio.create_task(sweep_repeatedly(), name="forget-old-uploads")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def read_files(files: Sequence[UploadFile]) -> list[tuple[str, bytes]]:
    """Return name and bytes of each file. Raises UploadError if there is none."""
    if not files:
        raise UploadError(422, NO_FILE)
    return [(file.filename or "", await file.read()) for file in files]
