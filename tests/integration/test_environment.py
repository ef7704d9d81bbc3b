"""The environment that running needs stays small: offices and servers with slow lines install it."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from tests.support.paths import ROOT

LARGEST = 1_200_000_000
"""Bytes of all packages of `requirements.lock` as `make install` leaves them: without compiled modules."""


def list_locked_packages() -> list[Distribution]:
    """Return the packages of the lock file that are installed; some are for other systems or versions of Python."""
    names = set(re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(encoding="utf-8"), re.MULTILINE))
    packages = []
    for name in sorted(names):
        try:
            packages.append(distribution(name))
        except PackageNotFoundError:
            continue
    return packages


def measure_package(package: Distribution) -> int:
    """Return the bytes of the files of a package without compiled modules."""
    paths = [Path(str(file.locate())) for file in package.files or () if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.is_file())


def test_packages_for_running_take_less_than_1_2_gb() -> None:
    sizes = {package.name: measure_package(package) for package in list_locked_packages()}
    assert len(sizes) > 150
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:5]
    assert sum(sizes.values()) <= LARGEST, f"{sum(sizes.values()):,} bytes; the largest: {largest}"
    assert sum(sizes.values()) > LARGEST / 2, "the packages are measured"


def test_every_lock_file_has_the_hashes_of_its_packages() -> None:
    """Look for a digest after each package, and for an address, from which a package would come without one."""
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) > 5
    for path in locks:
        content = path.read_text(encoding="utf-8")
        packages = re.split(r"^(?=[\w.-]+\[?[\w,-]*\]?==)", content, flags=re.MULTILINE)[1:]
        assert [text.split()[0] for text in packages if "--hash=sha256:" not in text] == [], path.name
        assert packages and not re.search(r"^(?!#).*(?: @ |://)", content, re.MULTILINE), path.name
