"""Keep what the steps of a run print in files for the run's page in Dagster, and copy it to the log of the service.

Dagster's class has `tail` copy it, and ends `tail` with the last step: lines of the second before, such as the failure
of a step, may be missing in the log (Dagster's issue 23336). It also starts four processes for each run.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TextIO

from dagster._core.execution.compute_logs import redirect_to_file
from dagster._core.storage.compute_log_manager import CapturedLogContext, ComputeIOType
from dagster._core.storage.local_compute_log_manager import IO_TYPE_EXTENSION, LocalComputeLogManager

_PAUSE_SECONDS: Final = 0.2
_CHUNK_BYTES: Final = 65_536


class CopiedLogManager(LocalComputeLogManager):
    """Dagster's manager of printed output, in the same files, with a thread instead of `tail`."""

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Mapping[str, Any]) -> CopiedLogManager:
        """Return the manager of a configuration; the inherited method would return one of Dagster's class."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def capture_logs(self, log_key: Sequence[str]) -> Iterator[CapturedLogContext]:
        """Write standard output and standard error of this process to the files of a key while the block lasts."""
        output, errors = (
            Path(self.get_captured_local_path(log_key, IO_TYPE_EXTENSION[kind]))
            for kind in (ComputeIOType.STDOUT, ComputeIOType.STDERR)
        )
        with copy_printed_output(sys.stdout, output), copy_printed_output(sys.stderr, errors):
            yield CapturedLogContext(log_key)
        Path(self.complete_artifact_path(log_key)).touch()  # type: ignore[no-untyped-call]


@contextmanager
def copy_printed_output(stream: TextIO, path: Path) -> Iterator[None]:
    """Write what this process and its children print on a stream to a file, and copy it from there to the stream.

    At the end of the block everything that is in the file has been copied. A stream without a descriptor, as some test
    runners set it, is left as it is.
    """
    try:
        original = os.dup(stream.fileno())
    except OSError:  # io.UnsupportedOperation is one
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    source = os.open(path, os.O_RDONLY)
    end = threading.Event()
    copier = threading.Thread(target=_copy_until, args=(end, source, original), name=f"copy {path.name}", daemon=True)
    copier.start()
    try:
        with redirect_to_file(stream, str(path)):
            yield
    finally:
        end.set()
        copier.join()
        os.close(source)
        os.close(original)


def _copy_until(end: threading.Event, source: int, original: int) -> None:
    """Copy what is added to a file until the event is set, and then what was added last."""
    is_last = False
    while not is_last:
        is_last = end.wait(_PAUSE_SECONDS)
        while data := os.read(source, _CHUNK_BYTES):
            try:
                _write_all(original, data)
            except OSError:
                # The stream was closed, for example with its terminal. The file still has everything.
                return


def _write_all(descriptor: int, data: bytes) -> None:
    pending = memoryview(data)
    while pending:
        pending = pending[os.write(descriptor, pending) :]
