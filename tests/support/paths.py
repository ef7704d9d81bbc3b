"""Folders of the repository that tests and test programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
"""Root of the repository."""
SAMPLES: Final = ROOT / "raw_samples"
"""Returns of the demonstration."""
SHARED: Final = ROOT.parent / "shared"
"""Files next to the repository, on machines that have them (marker `shared`)."""
HOSTILE: Final = SHARED / "acceptance" / "hostile"
"""Hostile files, made for acceptance."""
EIGHTH: Final = ROOT / "tests" / "support" / "eighth_territory"
"""A made-up eighth territory: declarations, samples and a golden file."""
