"""Invent assessments of the law on joint investigation teams for the demonstration."""

from __future__ import annotations

import csv
import io
import random

from pipelines.core import codes
from pipelines.declarations.registry import load
from pipelines.declarations.treaties import list_declared_provisions, list_legal_areas, list_standards
from pipelines.submissions.listed_assessments import COLUMNS

CITATION = "Invented for the demonstration. It does not describe the law."
_RESULTS = ("met", "met", "met", "partly", "not_met")
_CHANGED_SHARE, _KNOWN_SHARE = 0.15, 0.8


def assessments_csv(seed: int = 2026) -> str:
    """Return the text of `assessments.csv`: most elements are assessed, some twice, and one assessment waits."""
    draw = random.Random(f"law-{seed}")
    roles = codes.list_codes("reviewer_role")
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    waiting = []
    provisions = list_declared_provisions()
    for _, territory in sorted(load().without_training().territories.items()):
        for place in list_legal_areas(territory):
            for element in codes.list_codes("law_element"):
                if draw.random() > _KNOWN_SHARE:
                    waiting.append((place, element))
                    continue
                results = {treaty: draw.choice(_RESULTS) for treaty in list_standards(element, provisions)}
                years = [2009 + draw.randrange(8)] + ([2021 + draw.randrange(6)] * (draw.random() < _CHANGED_SHARE))
                for number, year in enumerate(years):
                    if number:
                        results = dict.fromkeys(results, "met")
                    writer.writerow(
                        [
                            place,
                            element,
                            _format_results(results),
                            f"Demonstration article {1 + draw.randrange(400)}",
                            CITATION,
                            f"{year}-{1 + draw.randrange(12):02}-01",
                            draw.choice(roles),
                            "sender",
                            f"2026-0{5 + number}-04T09:00:00Z",
                            "approver",
                            f"2026-0{5 + number}-11T14:00:00Z",
                        ]
                    )
    place, element = waiting[0]
    unknown = _format_results(dict.fromkeys(list_standards(element, provisions), "partly"))
    writer.writerow(
        [place, element, unknown, "Demonstration article 1", CITATION, "2025-01-01", roles[0], "sender",
         "2026-10-05T09:00:00Z", "", ""]
    )  # fmt: skip
    return buffer.getvalue()


def _format_results(results: dict[str, str]) -> str:
    return " ".join(f"{treaty}={result}" for treaty, result in results.items())
