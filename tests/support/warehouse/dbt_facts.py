"""A small made-up world written as the files that the warehouse reads, to test its rules with sums by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.core.home import Home
from pipelines.model import long_tables
from pipelines.warehouse.metrics import cards_export, metrics

BLOCK = {
    "submission_id": pl.String(), "jurisdiction": pl.String(), "instrument": pl.String(), "form": pl.String(),
    "freq": pl.String(), "period": pl.String(), "rows": pl.Int64(), "nil": pl.Boolean(), "accepted_at": pl.String(),
    "superseded_at": pl.String(),
}  # fmt: skip
SUBMISSION = {
    "submission_id": pl.String(), "sha256": pl.String(), "size": pl.Int64(), "filename": pl.String(),
    "format": pl.String(), "territory": pl.String(), "form": pl.String(), "kind": pl.String(),
    "received_at": pl.String(), "sender": pl.String(), "state": pl.String(), "accepted_at": pl.String(),
    "declaration_hash": pl.String(), "rules_version": pl.String(), "errors": pl.Int64(), "warnings": pl.Int64(),
    "informations": pl.Int64(), "corrects_submission_id": pl.String(), "demonstration": pl.Boolean(),
    "revision_reason": pl.String(),
}  # fmt: skip
EVENT = {
    "event_id": pl.Int64(), "submission_id": pl.String(), "at": pl.String(), "actor": pl.String(),
    "action": pl.String(), "from_state": pl.String(), "to_state": pl.String(), "comment": pl.String(),
    "payload": pl.String(),
}  # fmt: skip
DEFAULTS: dict[str, Any] = {
    "accumulation": "discrete", "date_basis": "decision", "level": "prosecution", "count_unit": "person",
    "statistic": "count", "unit_measure": "NR", "offence": "ICCS0204", "law_article": "1", "person_type": "_T",
    "victim_status": "_Z", "sex": "_T", "age": "_T", "age_basis": "offence", "exploitation": "_Z",
    "citizenship": "_T", "sentence_type": "_Z", "sentence_band": "_Z", "partner": "_Z", "obs_status": "A",
    "conf_status": "F", "notes": "", "place": "sheet 1, cell B2", "label": "row | column",
}  # fmt: skip


def find_bounds(period: str) -> tuple[date, date]:
    """Return the first and last day of a quarter or year."""
    year = int(period[:4])
    first, months = (1, 12) if len(period) == 4 else (3 * int(period[6]) - 2, 3)
    after = date(year + (first + months) // 13, (first + months - 1) % 12 + 1, 1)
    return date(year, first, 1), after - timedelta(days=1)


@dataclass
class World:
    """Offices, their calendar and their submissions; `write_files` writes them where the warehouse reads them."""

    territories: list[dict[str, Any]] = field(default_factory=list)
    jurisdictions: list[dict[str, Any]] = field(default_factory=list)
    forms: list[dict[str, Any]] = field(default_factory=list)
    calendar: list[dict[str, Any]] = field(default_factory=list)
    counting_rules: list[dict[str, Any]] = field(default_factory=list)
    counts_sources: list[dict[str, Any]] = field(default_factory=list)
    cards: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    populations: list[dict[str, Any]] = field(default_factory=list)
    submissions: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    observations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add_territory(self, code: str, *parts: str, kind: str = "national") -> None:
        self.territories.append({"code": code, "kind": kind, "sort": len(self.territories), "footnote": None})
        self.jurisdictions += [
            {"code": j, "territory": code, "part_of_total": j != code or not parts, "is_whole": j == code}
            for j in (code, *parts)
        ]

    def add_office(
        self, jurisdiction: str, source: str, instrument: str, freq: str, periods: tuple[str, ...], *, final: int = 45
    ) -> None:
        """Add an office with its form; the calendar expects `periods`, due 45 days and final `final` days after
        each."""
        territory = jurisdiction[:2]
        series = f"{jurisdiction}-{instrument.upper()}-{source}"
        self.forms.append(
            {
                "form": f"{series}-{freq}", "series": series, "territory": territory, "jurisdiction": jurisdiction,
                "instrument": instrument, "source": source, "freq": freq, "valid_from": "2013", "valid_to": None,
            }
        )  # fmt: skip
        self.calendar += [
            {
                "territory": territory, "jurisdiction": jurisdiction, "instrument": instrument, "source": source,
                "freq": freq, "period": period, "deadline": find_bounds(period)[1] + timedelta(days=45),
                "final_on": find_bounds(period)[1] + timedelta(days=final),
            }
            for period in periods
        ]  # fmt: skip

    def add_submission(
        self,
        submission_id: str,
        jurisdiction: str,
        source: str,
        period: str,
        rows: list[dict[str, Any]],
        *,
        instrument: str = "justice",
        accepted: str = "2024-01-01T00:00:00Z",
        superseded: str | None = None,
        nil: bool = False,
        reason: str | None = None,
        events: list[dict[str, Any]] | None = None,
    ) -> None:
        """Add one accepted submission of one block. Each row has `value` and what differs from `DEFAULTS`."""
        series = f"{jurisdiction}-{instrument.upper()}-{source}"
        freq = "A" if len(period) == 4 else "Q"
        first, last = find_bounds(period)
        lineage = {"form": series, "submission_id": submission_id, "origin_submission_id": submission_id}
        who = {"territory": jurisdiction[:2], "jurisdiction": jurisdiction, "source": source}
        when = {"freq": freq, "period": period, "period_start": first, "period_end": last}
        self.blocks.append(
            {
                "submission_id": submission_id, "jurisdiction": jurisdiction, "instrument": instrument, "form": series,
                "freq": freq, "period": period, "rows": len(rows), "nil": nil, "accepted_at": accepted,
                "superseded_at": superseded,
            }
        )  # fmt: skip
        if all(s["submission_id"] != submission_id for s in self.submissions):
            self.submissions.append(
                {
                    "submission_id": submission_id, "sha256": submission_id * 4, "size": 1, "filename": "f.csv",
                    "format": "csv", "territory": jurisdiction[:2], "form": series, "kind": "nil" if nil else "full",
                    "received_at": accepted, "sender": "sender", "state": "approved", "accepted_at": accepted,
                    "declaration_hash": "", "rules_version": "1", "errors": 0, "warnings": 0, "informations": 0,
                    "corrects_submission_id": None, "demonstration": True, "revision_reason": reason,
                }
            )  # fmt: skip
        self.observations.setdefault(submission_id, []).extend(
            {**DEFAULTS, "instrument": instrument, **who, **when, **lineage, **row} for row in rows
        )
        defaults = {"offence": "ICCS0204", "law_article": "1", "sex": "M", "age": "Y_GE18", "sentence_type": "_Z"}
        self.events.setdefault(submission_id, []).extend(
            {
                **defaults, "sentence_months": None, "place": "line 1", "event_date": last, "cutoff_date": last,
                **who, "freq": freq, "period": period, **lineage, **event,
            }
            for event in events or []
        )  # fmt: skip

    def write_files(self, home: Home) -> None:
        """Write all files; write again after a further `add_submission` for a later refresh."""
        self._facts(home.facts / "observation", self.observations, long_tables.OBSERVATION)
        self._facts(home.facts / "case_event", self.events, long_tables.CASE_EVENT)
        text = pl.String()
        tables: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
            "block": (self.blocks, BLOCK),
            "submission": (self.submissions, SUBMISSION),
            "event": (
                [
                    {
                        "event_id": n, "submission_id": s["submission_id"], "at": s["accepted_at"], "actor": "approver",
                        "action": "approve", "from_state": "sent", "to_state": "approved", "comment": "",
                        "payload": "{}",
                    }
                    for n, s in enumerate(self.submissions, 1)
                ],
                EVENT,
            ),
            "territory": (self.territories, {"code": text, "kind": text, "sort": pl.Int64(), "footnote": text}),
            "territory_name": (
                [
                    {
                        "territory": j["territory"], "jurisdiction": j["code"], "language": "en",
                        "name": f"Name of {j['code']}", "official": True, "accepted_only": False, "footnote": None,
                        "valid_from": None, "valid_to": None,
                    }
                    for j in self.jurisdictions
                ],
                {
                    "territory": text, "jurisdiction": text, "language": text, "name": text, "official": pl.Boolean(),
                    "accepted_only": pl.Boolean(), "footnote": text, "valid_from": text, "valid_to": text,
                },
            ),
            "jurisdiction": (
                self.jurisdictions,
                {"code": text, "territory": text, "part_of_total": pl.Boolean(), "is_whole": pl.Boolean()},
            ),
            "counting_rule": (
                self.counting_rules,
                {
                    "territory": text, "jurisdiction": text, "level": text, "count_unit": text,
                    "input_or_output": text, "counted_at": text, "several_offences": text, "attempts": text,
                    "juveniles": text, "legal_persons": text, "unknown_perpetrators": text,
                    "transferred_counted_again": pl.Boolean(), "valid_from": text, "valid_to": text, "status": text,
                    "read_keys": text,
                },
            ),
            "counts_source": (
                self.counts_sources,
                {
                    "territory": text, "jurisdiction": text, "measure": text, "source": text, "shape": text,
                    "instrument": text, "valid_from": text, "valid_to": text,
                },
            ),
            "form": (
                self.forms,
                {
                    "form": text, "series": text, "territory": text, "jurisdiction": text, "instrument": text,
                    "source": text, "freq": text, "valid_from": text, "valid_to": text,
                },
            ),
            "calendar": (
                self.calendar,
                {
                    "territory": text, "jurisdiction": text, "instrument": text, "source": text, "freq": text,
                    "period": text, "deadline": pl.Date(), "final_on": pl.Date(),
                },
            ),
            "population": (
                self.populations,
                {
                    "territory": text, "jurisdiction": text, "year": pl.Int64(), "population": pl.Int64(),
                    "series": text, "vintage": text, "status": text, "reference_date": text, "source_url": text,
                    "caveat": text,
                },
            ),
        }  # fmt: skip
        for name, frame in cards_export.empty_tables().items():
            tables[name] = (self.cards.get(name, []), dict(frame.schema))
        home.gathered.mkdir(parents=True, exist_ok=True)
        for name, (rows, schema) in tables.items():
            pl.DataFrame(rows, schema=schema, orient="row").write_parquet(home.gathered / f"{name}.parquet")
        metrics.export_metrics(home.gathered)  # the declarations themselves: no figure of this world

    @staticmethod
    def _facts(folder: Path, facts: dict[str, list[dict[str, Any]]], schema: dict[str, pl.DataType]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for submission_id, rows in facts.items():
            path = folder / f"{submission_id}.parquet"
            if not path.exists():
                frame = pl.DataFrame([{k: row.get(k) for k in schema} for row in rows], schema=schema, orient="row")
                frame.write_parquet(path)


def parse_moment(text: str) -> datetime:
    """Parse a moment in UTC."""
    from pipelines.core import clock

    return clock.parse_time(text)
