"""An environment that has a wheel and the packages that the wheel asks for, and no others.

The packages are links to those of this environment, so nothing is fetched and it is made in a second. A package that
the project imports but does not declare is missing there, as it is where somebody installs the wheel.
"""

from __future__ import annotations

import email
import venv
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def create_environment(folder: Path, wheel: Path) -> Path:
    """Create the environment in a new folder and return its Python.

    Raises importlib.metadata.PackageNotFoundError if this environment lacks a package that the wheel asks for.
    """
    venv.create(folder, symlinks=True)
    site = next((folder / "lib").glob("python3*")) / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for name in list_needed_packages(read_requirements(wheel)):
        link_package(name, site)
    return folder / "bin" / "python"


def read_requirements(wheel: Path) -> list[str]:
    """Return what a wheel asks for, with markers of its extras."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        fields = email.message_from_bytes(archive.read(name))
    return fields.get_all("Requires-Dist") or []


def list_needed_packages(requirements: list[str]) -> list[str]:
    """Return the names of all packages that requirements ask for without an extra, here and now, sorted."""
    needed: dict[str, set[str]] = {}
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for extra_name in {"", *requirement.extras} - needed.setdefault(name, set()):
            needed[name].add(extra_name)
            waiting += [(Requirement(text), extra_name) for text in metadata.requires(name) or []]
    return sorted(needed)


def link_package(name: str, site: Path) -> None:
    """Link the files and folders of a package of this environment into another one."""
    distribution = metadata.distribution(name)
    tops = {path.parts[0] for path in distribution.files or []} - {"..", "__pycache__"}
    for top in tops:
        source, target = Path(str(distribution.locate_file(top))), site / top
        if not target.exists() and source.suffix != ".pth":
            target.symlink_to(source)
