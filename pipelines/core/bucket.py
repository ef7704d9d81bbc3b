"""Keep files in S3-compatible storage, through obstore, with conditional writes.

obstore is not among the packages of every installation: `make storage` adds it (`docs/scaling.md`).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from pipelines.core import clock
from pipelines.core.file_store import FileStoreError, StoreAwayError, StoredFile
from pipelines.core.settings import BucketSettings, read_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from obstore.store import S3Store

_R = TypeVar("_R")
_RENEWED_AFTER: Final = timedelta(hours=12)
"""Age after which a file that is stored again is written again, so that its time says that somebody needs it."""
_RETRIES: Final = 10
_SHORTEST_SECRET: Final = 4
_REFUSED: Final = ("AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "403 Forbidden", "401 Unauthorized")
_NO_BUCKET: Final = "NoSuchBucket"
_DAMAGED_ON_ITS_WAY: Final = ("BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", "IncompleteBody")
_SERVER_FAULTS: Final = ("500 Internal", "502 Bad", "503 Service", "504 Gateway", "SlowDown")


@dataclass(frozen=True, slots=True)
class Pointer:
    """The content of a small object that is replaced, with the tag of this version of it."""

    content: bytes
    tag: str


@dataclass(frozen=True)
class BucketStore:
    """A store in a folder of a bucket. The settings are those of one group, such as `LandingBucketSettings`."""

    group: type[BucketSettings]

    def put_file(self, name: str, data: bytes) -> None:
        if not self._create(name, data) and self._is_old(name):
            self._call(lambda obstore, store: obstore.put(store, name, data, use_multipart=False), name)

    def read_file(self, name: str) -> bytes:
        return self._call(lambda obstore, store: bytes(obstore.get(store, name).bytes()), name)

    def find_file(self, name: str) -> StoredFile | None:
        try:
            return _describe(self._call(lambda obstore, store: obstore.head(store, name), name))
        except FileNotFoundError:
            return None

    def list_files(self, folder: str = "") -> Iterator[StoredFile]:
        prefix = folder or None
        pages = self._call(lambda obstore, store: [list(page) for page in obstore.list(store, prefix)], folder)
        return (_describe(entry) for page in pages for entry in page)

    def remove_file(self, name: str) -> None:
        self._call(lambda obstore, store: obstore.delete(store, name), name)

    def remove_unless_renewed(self, file: StoredFile) -> bool:
        # S3 has no removal on a condition that obstore knows, so a file can be stored again between these two requests.
        # `ensure_bytes` of the landing store looks for a file again after the ledger has recorded it.
        if self.find_file(file.name) != file:
            return False
        self.remove_file(file.name)
        return True

    def locate_file(self, name: str) -> str:
        return f"{read_settings(self.group).bucket}/{name}"

    def read_pointer(self, name: str) -> Pointer | None:
        """Return the content of an object that is replaced now and then, or None if there is none."""

        def read_version(obstore: Any, store: S3Store) -> Pointer:
            result = obstore.get(store, name)
            return Pointer(bytes(result.bytes()), str(result.meta["e_tag"]))

        try:
            return self._call(read_version, name)
        except FileNotFoundError:
            return None

    def replace_pointer(self, name: str, content: bytes, earlier: Pointer | None) -> bool:
        """Replace an object and return True, or False if its version is not `earlier`."""
        if earlier is None:
            return self._create(name, content)
        mode = {"e_tag": earlier.tag}
        try:
            self._call(lambda obstore, store: obstore.put(store, name, content, mode=mode, use_multipart=False), name)
        except _ConditionError:
            return False
        return True

    def try_out(self) -> None:
        """Ask the storage for one file. Raises FileStoreError if it does not answer, or refuses."""
        self._call(lambda obstore, store: next(iter(obstore.list(store, chunk_size=1)), None), "")

    def _create(self, name: str, data: bytes) -> bool:
        """Store a file unless there is one of this name; return whether it was stored.

        One request has the whole content and its SHA-256, so that the storage keeps all of it or nothing.
        """
        put = functools.partial(_put_new, name=name, data=data)
        try:
            self._call(put, name)
        except _ConditionError:
            return False
        return True

    def _is_old(self, name: str) -> bool:
        file = self.find_file(name)
        return file is None or datetime.fromtimestamp(clock.read_wall_clock(), UTC) - file.changed_at > _RENEWED_AFTER

    def _call(self, request: Callable[[Any, S3Store], _R], name: str) -> _R:
        settings = read_settings(self.group)
        obstore = _import_obstore()
        store = _open_store(self.group, settings.key_of_connection())
        if os.getpid() != _first_user():
            # The threads of obstore are gone after a fork, and a request would wait for ever.
            raise FileStoreError("a forked process cannot use the storage that its parent has used; start a new one")
        try:
            return request(obstore, store)
        except FileNotFoundError as error:
            if _NO_BUCKET not in str(error):
                raise FileNotFoundError(f"{self.locate_file(name)} does not exist") from None
            raise self._explain(str(error), settings) from None
        except (obstore.exceptions.AlreadyExistsError, obstore.exceptions.PreconditionError):
            raise _ConditionError from None
        except (obstore.exceptions.BaseError, OSError, ValueError) as error:
            raise self._explain(str(error), settings) from None

    def _explain(self, text: str, settings: BucketSettings) -> FileStoreError:
        """Return the error of a request in plain words. obstore's own text may quote the request, so it is cut."""
        where, variable = settings.bucket, self.group.name_variable
        if _NO_BUCKET in text:
            return FileStoreError(f"there is no bucket {where}: create it, or correct {variable('bucket')}")
        if any(part in text for part in _REFUSED):
            return FileStoreError(
                f"the storage of {where} refuses the key: check {variable('key')}, {variable('secret')} and its rights"
            )
        if any(part in text for part in _DAMAGED_ON_ITS_WAY):
            return FileStoreError(f"a file did not reach {where} whole, and nothing was stored; send it again")
        reason = _remove_secrets(text.splitlines()[0].rpartition(" - ")[2], settings) if text else "no reason given"
        if "HTTP error" in text or "timed out" in text or any(part in text for part in _SERVER_FAULTS):
            return StoreAwayError(
                f"the storage of {where} does not answer ({reason}). Start it, or correct {variable('endpoint')}, and "
                "run the command again. Nothing was stored"
            )
        return FileStoreError(f"the storage of {where} did not do what it was asked for: {reason}")


class _ConditionError(Exception):
    """A conditional write found another version, or a file where there should be none."""


def _put_new(obstore: Any, store: S3Store, *, name: str, data: bytes) -> None:
    obstore.put(store, name, data, mode="create", use_multipart=False)


def _describe(entry: Any) -> StoredFile:
    return StoredFile(entry["path"], entry["size"], entry["last_modified"])


def _import_obstore() -> Any:
    try:
        import obstore
        import obstore.exceptions
        import obstore.store
    except ModuleNotFoundError:
        raise FileStoreError("the package obstore is not installed; `make storage` installs it") from None
    return obstore


@functools.cache
def _first_user() -> int:
    """Return the number of the process that used obstore first: this one, or one that it was forked from."""
    return os.getpid()


@functools.lru_cache(maxsize=8)
def _open_store(group: type[BucketSettings], _connection: tuple[object, ...]) -> S3Store:
    """Return a client; one is kept for each group of settings and their values, with its open connections."""
    obstore, settings = _import_obstore(), read_settings(group)
    assert settings.bucket is not None
    address, endpoint = urlsplit(settings.bucket), settings.endpoint
    config: dict[str, Any] = {"region": settings.region, "checksum_algorithm": "sha256"}
    if endpoint is not None:
        config["endpoint"] = endpoint
    if settings.key is not None:
        config |= {"access_key_id": settings.key, "secret_access_key": settings.read_key_secret()}
    else:
        config["skip_signature"] = True
    wait = timedelta(seconds=settings.wait)
    return obstore.store.S3Store(
        address.netloc,
        prefix=address.path.strip("/") or None,
        config=config,
        client_options={"allow_http": endpoint is not None and endpoint.startswith("http://"), "timeout": wait},
        retry_config={"max_retries": _RETRIES, "retry_timeout": wait},
    )


def _remove_secrets(text: str, settings: BucketSettings) -> str:
    secret = settings.read_key_secret() if settings.key is not None else ""
    return text.replace(secret, "(secret)") if len(secret) >= _SHORTEST_SECRET else text
