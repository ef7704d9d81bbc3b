"""The files with planted faults, and the findings of the files without them: made once and kept."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults import measuring
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


@pytest.fixture(scope="session")
def unchanged_findings(request: pytest.FixtureRequest, read_samples: object) -> None:
    """Provide the findings of each sample in which a fault is planted, before it is planted."""

    def write_findings(root: Path) -> None:
        root.mkdir(parents=True)
        findings = measuring.check_unchanged((fault.file, fault.history) for fault in list_all_faults())
        (root / "findings").write_bytes(pickle.dumps(findings))

    folder = build_kept(request, "findings-of-samples", write_findings)
    measuring.provide_unchanged(pickle.loads((folder / "findings").read_bytes()))
