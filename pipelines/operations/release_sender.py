"""Send changed public files, such as the calendar, to the bucket of releases while `rti serve` runs."""

from __future__ import annotations

from typing import Final

from pipelines.core.settings import ReleaseBucketSettings, read_settings
from pipelines.operations.home_task import HomeTask

_PAUSE: Final = 30.0
"""Seconds between two looks at the public folder."""


class ReleaseSender(HomeTask):
    """Sends what has changed each time it is asked, at most once in 30 seconds; does nothing without a bucket."""

    _sent: tuple[tuple[str, int, int], ...] | None = None

    def check_files(self) -> int:
        """Send changed files and return how many were sent. An error is reported, not raised."""
        if read_settings(ReleaseBucketSettings).bucket is None or not self._is_due():
            return 0
        from pipelines.core.file_store import FileStoreError
        from pipelines.core.home_lock import HomeBusyError, hold_home_lock
        from pipelines.publication.releases.errors import ReleaseError
        from pipelines.publication.releases.public_copies import is_settled, send_public

        self._wait(_PAUSE)
        state = tuple(self._list_states())
        if state == self._sent or not is_settled(self._home):
            return 0
        try:
            with hold_home_lock(self._home, purpose="publish"):
                sent = send_public(self._home)
        except HomeBusyError:
            return 0
        except (ReleaseError, FileStoreError, OSError) as error:
            self._report(f"what is public was not sent to the bucket of releases: {error}")
            return 0
        self._sent = state
        return sent

    def _list_states(self) -> list[tuple[str, int, int]]:
        top = [*self._home.public.iterdir(), *self._home.releases.iterdir(), *(self._home.public / "keys").glob("*")]
        return sorted((str(path), path.lstat().st_mtime_ns, path.lstat().st_size) for path in top)
