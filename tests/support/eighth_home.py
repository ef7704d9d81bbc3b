"""Make the published home of the eighth, invented territory with the real commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.support import small
from tests.support.paths import EIGHTH

NOW: Final = "2026-06-01T09:00:00Z"
LONGEST: Final = 1800.0
"""Seconds that a command may take, also on a busy machine."""
VARIABLES: Final = {"RTI_TERRITORIES": str(EIGHTH / "territories"), "RTI_SAMPLES": str(EIGHTH / "samples")}


def build_published_home(root: Path) -> None:
    """Make a home with a published release of the eighth territory's returns; write down what the commands print."""
    outputs = []
    for arguments in (("init", "--kind", "demonstration", "--json"), ("refresh", "--publish", "--json")):
        process = small.run_rti(root / "home", NOW, *arguments, timeout=LONGEST, **VARIABLES)
        assert process.returncode == 0, process.stderr
        outputs.append(process.stdout)
    (root / "outputs.json").write_text(json.dumps(outputs), encoding="utf-8")
