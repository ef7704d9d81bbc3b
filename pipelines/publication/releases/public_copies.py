"""Send what is public to a bucket, and receive it on machines that only show it.

Every public file is an object under its SHA-256. One more object, `current`, lists the releases, the other public files
and which release is current. It is replaced by a conditional write after all files that it names, so that a machine
which receives it finds a whole and consistent state. Nothing restricted is ever read here.

A machine that receives has a folder `public/` of its own, with the same switch as at a publication, for its pages.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from pipelines.core import asides, durable
from pipelines.core.bucket import BucketStore
from pipelines.core.home import Home, has_ledger_mark
from pipelines.core.settings import LandingBucketSettings, ReleaseBucketSettings, read_settings
from pipelines.publication.releases import formats
from pipelines.publication.releases.errors import BucketError, ReleaseError
from pipelines.publication.releases.manifest import UNLISTED
from pipelines.publication.releases.publications import intent_path, journal_path
from pipelines.publication.releases.publish import find_current_release, switch_current, verify_files
from pipelines.publication.releases.signature import MANIFEST

POINTER: Final = "current"
_VERSION: Final = 1
_RECEIVING: Final = ".receiving"
"""Beginning of the name of a folder in `public/` in which a release is received."""
_DIGEST_LENGTH: Final = 64


@dataclass(frozen=True, slots=True)
class PublicState:
    """Everything that a home publishes: the digests of the files of each release, and of other public files."""

    current: str | None
    releases: Mapping[str, Mapping[str, str]]
    files: Mapping[str, str]

    def as_bytes(self) -> bytes:
        """Return the content of the object that lists it."""
        content = {"version": _VERSION, "current": self.current, "releases": self.releases, "files": self.files}
        return (json.dumps(content, sort_keys=True, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> PublicState:
        """Read it from that object. Raises ReleaseError."""
        try:
            read = json.loads(content)
            state = cls(read["current"], dict(read["releases"]), dict(read["files"]))
            names = [*state.releases, *state.files, *(name for files in state.releases.values() for name in files)]
            digests = _list_digests(state)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BucketError(
                "the list of releases in the bucket is damaged; `rti release send` writes it again"
            ) from error
        if read["version"] != _VERSION:
            raise BucketError(f"the list of releases in the bucket has version {read['version']}; update this software")
        if not all(map(_is_inside, names)) or any(len(digest) != _DIGEST_LENGTH for digest in digests):
            raise BucketError("the list of releases in the bucket names a file outside the public folder")
        return state


def has_bucket() -> bool:
    """Return True if the settings name a bucket of releases."""
    return read_settings(ReleaseBucketSettings).bucket is not None


def require_bucket(home: Home) -> None:
    """Try the bucket of releases, if the settings name one. Raises ReleaseError like `send_public`, FileStoreError."""
    if not has_bucket():
        return
    bucket = _open_bucket()
    bucket.try_out()
    if (pointer := bucket.read_pointer(POINTER)) is not None:
        _refuse_foreign_journal(home, bucket, PublicState.from_bytes(pointer.content))


def send_public(home: Home, *, is_thorough: bool = False) -> int:
    """Send everything public that the bucket lacks, then the list of it. Return the number of files sent.

    What was listed before is taken to be there; with `is_thorough` every file in the bucket is read, and replaced if it
    is damaged. Raises ReleaseError if the bucket has publications that this home does not know, FileStoreError.
    """
    bucket, earlier = _open_bucket(), None
    pointer = bucket.read_pointer(POINTER)
    if pointer is not None:
        earlier = PublicState.from_bytes(pointer.content)
        _refuse_foreign_journal(home, bucket, earlier)
    state, paths = _read_state(home, None if is_thorough else earlier)
    sent = 0
    listed_digests = _list_digests(earlier) if earlier is not None and not is_thorough else set()
    for digest, path in paths.items():
        if digest not in listed_digests and not _has_object(bucket, digest, is_thorough=is_thorough):
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != digest:
                raise BucketError(f"{path} changed while it was sent; run `rti release send` again")
            bucket.put_file(_name_of(digest), content)
            sent += 1
    content = state.as_bytes()
    if (pointer is None or pointer.content != content) and not bucket.replace_pointer(POINTER, content, pointer):
        raise BucketError("another process has sent releases to the bucket meanwhile; run `rti release send` again")
    return sent


def receive_public(home: Home) -> str | None:
    """Bring the public folder of a home to the state in the bucket. Return the release that became current, or None.

    Each release is received aside, compared with its digests and its manifest, and moved into place whole. Raises
    ReleaseError for a home that publishes itself, or if something in the bucket is damaged, and FileStoreError.
    """
    if has_ledger_mark(home):
        raise ReleaseError(f"{home.root} publishes releases itself, so it receives none; use a home of its own")
    bucket = _open_bucket()
    asides.remove_abandoned(home.public.glob(f"{_RECEIVING}*"))
    pointer = bucket.read_pointer(POINTER)
    if pointer is None:
        return None
    state = PublicState.from_bytes(pointer.content)
    for release, files in state.releases.items():
        if not (home.releases / release).exists():
            _receive_release(home, bucket, release, files)
    before, new = find_current_release(home), None
    if state.current is not None and (before is None or before.name != state.current):
        new = state.current
        switch_current(home, new)
    for name, digest in state.files.items():
        path = home.public / name
        if not path.is_file() or formats.hash_file(path) != digest:
            path.parent.mkdir(parents=True, exist_ok=True)
            durable.write_file(path, _read_object(bucket, digest))
    return new


def _open_bucket() -> BucketStore:
    if not has_bucket():
        raise BucketError("no bucket of releases is set; set RTI_RELEASES_BUCKET (docs/settings.md)")
    public, returns = read_settings(ReleaseBucketSettings), read_settings(LandingBucketSettings)
    if returns.bucket is not None:
        is_same = [(urlsplit(str(settings.bucket)).netloc, settings.endpoint) for settings in (public, returns)]
        if is_same[0] == is_same[1]:
            raise BucketError(
                "RTI_RELEASES_BUCKET and RTI_STORE_BUCKET name one bucket; releases need one of their own"
            )
        if public.key is not None and public.key == returns.key:
            raise BucketError("RTI_RELEASES_KEY and RTI_STORE_KEY are one key; releases need one of their own")
    return BucketStore(ReleaseBucketSettings)


def _read_state(home: Home, earlier: PublicState | None) -> tuple[PublicState, dict[str, Path]]:
    """Return what is public in a home, and the path of each digest. Releases listed before are not read again."""
    releases: dict[str, Mapping[str, str]] = {}
    paths: dict[str, Path] = {}
    for folder in sorted(path for path in home.releases.iterdir() if path.is_dir() and not path.name.startswith(".")):
        if earlier is not None and folder.name in earlier.releases:
            releases[folder.name] = earlier.releases[folder.name]
            continue
        releases[folder.name] = files = dict(_hash_files(folder))
        paths |= {digest: folder / name for name, digest in files.items()}
    kept_apart = {home.releases, home.current}
    beside = {
        path.relative_to(home.public).as_posix(): formats.hash_file(path)
        for entry in home.public.iterdir()
        if entry not in kept_apart and not entry.name.startswith(".")
        for path in ([entry] if entry.is_file() else sorted(entry.rglob("*")))
        if path.is_file() and not path.is_symlink() and not path.name.startswith(".")
    }
    paths |= {digest: home.public / name for name, digest in beside.items()}
    current = find_current_release(home)
    return PublicState(current.name if current is not None else None, releases, beside), paths


def _hash_files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(folder).as_posix(), formats.hash_file(path)


def _refuse_foreign_journal(home: Home, bucket: BucketStore, earlier: PublicState) -> None:
    """Raise ReleaseError unless the journal of this home continues the one in the bucket."""
    name = journal_path(home).name
    if name not in earlier.files:
        return
    journal = journal_path(home).read_bytes() if journal_path(home).exists() else b""
    if not journal.startswith(_read_object(bucket, earlier.files[name])):
        raise BucketError(
            f"{read_settings(ReleaseBucketSettings).bucket} has publications that this home does not know, so nothing "
            "was sent. Use the newest backup of the home that made them, or another bucket"
        )


def _receive_release(home: Home, bucket: BucketStore, release: str, files: Mapping[str, str]) -> None:
    home.releases.mkdir(parents=True, exist_ok=True)
    with asides.hold_folder(home.public / _RECEIVING) as receiving:
        aside = receiving / release
        for name, digest in files.items():
            path = aside / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_read_object(bucket, digest))
        _require_whole(aside, files)
        durable.sync_tree(aside)
        try:
            aside.rename(home.releases / release)
        except OSError:
            if not (home.releases / release).is_dir():  # else another process has received it meanwhile
                raise
        durable.sync_folder(home.releases)


def _require_whole(folder: Path, files: Mapping[str, str]) -> None:
    """Raise ReleaseError unless the list has all files of a release, and they are those of its manifest."""
    if missing := UNLISTED - files.keys() - {"manifest.sig"}:
        raise ReleaseError(f"release {folder.name} in the bucket lacks {min(missing)}; restore it from a backup")
    manifest: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if manifest["release"] != folder.name:
        raise ReleaseError(f"the manifest of release {folder.name} in the bucket is that of {manifest['release']}")
    verify_files(folder)


def _read_object(bucket: BucketStore, digest: str) -> bytes:
    name = _name_of(digest)
    try:
        content = bucket.read_file(name)
    except FileNotFoundError:
        raise BucketError(f"{bucket.locate_file(name)} is missing; `rti release send --all` stores it again") from None
    if hashlib.sha256(content).hexdigest() != digest:
        raise BucketError(f"{bucket.locate_file(name)} was changed; `rti release send --all` stores it again")
    return content


def _has_object(bucket: BucketStore, digest: str, *, is_thorough: bool) -> bool:
    name = _name_of(digest)
    if not is_thorough:
        return bucket.find_file(name) is not None
    try:
        is_whole = hashlib.sha256(bucket.read_file(name)).hexdigest() == digest
    except FileNotFoundError:
        return False
    if not is_whole:
        bucket.remove_file(name)
    return is_whole


def _name_of(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


def _list_digests(state: PublicState) -> set[str]:
    return {*state.files.values(), *(digest for files in state.releases.values() for digest in files.values())}


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and path.parts[0] != POINTER


def is_settled(home: Home) -> bool:
    """Return True unless a publication is under way, when the public folder may be between two states."""
    return not intent_path(home).exists()
