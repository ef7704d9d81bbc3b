"""The files with planted faults: written once and kept."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults.catalogue import list_all_faults
from tests.faults.controls import list_controls
from tests.faults.measuring import plant_faults
from tests.support.kept_builds import build_kept


@pytest.fixture(scope="session")
def planted_files(request: pytest.FixtureRequest) -> Mapping[str, bytes]:
    """The file of each planted fault and of each control, by the name of the fault."""

    def write_files(root: Path) -> None:
        root.mkdir(parents=True)
        planted = {fault.name: data for fault, data in plant_faults([*list_all_faults(), *list_controls()])}
        (root / "planted").write_bytes(pickle.dumps(planted))

    planted: Mapping[str, bytes] = pickle.loads(
        (build_kept(request, "planted-faults", write_files) / "planted").read_bytes()
    )
    return planted
