"""Write a folder of returns with its list of arrivals."""

from __future__ import annotations

import csv
import hashlib
from pathlib import Path

from pipelines.submissions import arrivals


def write_arrivals(tmp_path: Path, rows: list[dict[str, str]]) -> Path:
    folder = tmp_path / "samples"
    folder.mkdir()
    names = list(arrivals.ListedArrival.__dataclass_fields__)
    with (folder / "arrivals.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, names, restval="")
        writer.writeheader()
        for row in rows:
            (folder / row["file"]).write_text(row.pop("text"))
            sha256 = hashlib.sha256((folder / row["file"]).read_bytes()).hexdigest()
            writer.writerow(
                {
                    "sha256": sha256,
                    "sender": "office",
                    "approver": "chief",
                    "jurisdiction": "QQ",
                    "instrument": "justice",
                    **row,
                }
            )
    return folder
