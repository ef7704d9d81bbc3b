"""Returns with a fault that once passed without an error or a warning: each gets at least a warning, at its place."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults.fault import Fault
from tests.faults.measuring import Outcome, measure_faults, plant_faults
from tests.support.paths import SAMPLES, SHARED

FILES = SHARED / "acceptance" / "silent"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FILES.is_dir(), reason="the files are next to the project on some machines only"),
]
PLACES: dict[str, tuple[str, ...]] = {
    "B01": ("Tužilaštvo-Tužiteljstvo!*", "Sudovi!*"),
    "B02": ("Tužilaštvo-Tužiteljstvo!*",),
    "B03": ("Sudovi!*",),
    "B05": ("Tužilaštvo-Tužiteljstvo!*",),
    "C23": ("line *",),
    "D09": ("table 1 R6*",),
    "F01": ("page 1 box (*",),
    "H07": ("table 1 R6*",),
    "J04": ("obiljezje*",),
    "M13": ("Т-01!*",),
    "M38": ("Т-01!*",),
    "M39": ("Т-01!*",),
    "P01": ("Obilježje počinitelja*", "VALUES*", "CODES*"),
    "P05": ("UNITS*",),
    "P08": ("TITLE*", "Tromjesečje*"),
    "R01": ("line 5 *",),
    "R06": ("line 4 *",),
    "R12": ("line 4 *",),
    "R15": ("line 5 *",),
    "R18": ("line 4 *", "line 5 *"),
    "R30": ("line 8 *", "line 9 *", "line 99 *", "line 100 *"),
    "S08": ("line 13*", "action*"),
    "S09": ("line 13*", "action*"),
    "X01": ("Т-02!*",),
    "X03": ("Т-02!F11",),
    "X04": ("Т-05!*", "Т-03!*"),
    "X10": ("Tremujori III!*",),
    "X11": ("Tremujori III!*",),
    "X20": ("Obilježje počinitelja*", "VALUES*", "CODES*", "DATA*"),
    "X21": ("DATA*",),
    "X25": ("line *",),
    "X81": ("Tabela 2!*", "Tabela 1!*"),
    "Y01": ("Т-03!*", "Т-05!*"),
    "Y02": ("Т-05!*", "Т-03!*"),
    "Y04": ("Т-04!*",),
}
"""Where a finding explains the change, by the id of the file; a whole file that is cut or copied has no place."""


def _list_files() -> list[Path]:
    return sorted(path for path in FILES.glob("*") if path.suffix != ".md") if FILES.is_dir() else []


def _plant(path: Path) -> Fault:
    identity, _, name = path.name.partition("_")
    sample = next(SAMPLES.glob(f"*/*/{name}")).relative_to(SAMPLES).as_posix()
    first, *others = PLACES.get(identity, ("*",))
    return Fault(path.name, sample, lambda _: path.read_bytes(), (), first, "warning", identity, tuple(others), True)


@pytest.fixture(scope="module")
def outcomes(read_samples: object, unchanged_findings: None) -> Mapping[str, Outcome]:
    """The outcome of each file, by name."""
    planted = plant_faults(_plant(path) for path in _list_files())
    return {outcome.fault.name: outcome for outcome in measure_faults(planted)}


@pytest.mark.parametrize("path", _list_files(), ids=lambda path: path.name)
def test_file_that_passed_silently_gets_a_warning_at_its_place(outcomes: Mapping[str, Outcome], path: Path) -> None:
    outcome = outcomes[path.name]
    assert not outcome.missed, outcome


def test_places_name_files_that_exist() -> None:
    assert PLACES.keys() <= {path.name.partition("_")[0] for path in _list_files()}
