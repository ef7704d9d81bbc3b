"""Hold one number as read, before it becomes a row: its key, value, place and words."""

from __future__ import annotations

from typing import NamedTuple

from pipelines.core.codes import COOPERATION_DIMENSIONS
from pipelines.model.content import Where

KEY: tuple[str, ...] = (
    "freq", "period", "accumulation", "date_basis", "measure", "level", "count_unit", "statistic", "unit_measure",
    "offence", "law_article", "person_type", "victim_status", "sex", "age", "age_basis", "exploitation", "citizenship",
    "sentence_type", "sentence_band", "partner", *COOPERATION_DIMENSIONS,
)  # fmt: skip
"""The part of OBSERVATION_KEY that differs between the numbers of one return."""
AT = {name: place for place, name in enumerate(KEY)} | {"article": KEY.index("law_article")}
_PERIOD = AT["period"]

Key = tuple[str, ...]


class Number(NamedTuple):
    """Number with its key. `value` is None if `status` says why; `seen` is the cell's text; `check` means no row."""

    key: Key
    value: float | None
    status: str
    conf: str
    where: Where
    label: str
    seen: str
    notes: tuple[str, ...] = ()
    check: bool = False

    @property
    def period(self) -> str:
        return self.key[_PERIOD]

    def get_coordinate(self, name: str) -> str | None:
        """Return a coordinate by its name in declarations (`article` for `law_article`)."""
        place = AT.get(name)
        return None if place is None else self.key[place]
