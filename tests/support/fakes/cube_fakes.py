"""A made-up cube and the form that reads it."""

from __future__ import annotations

from typing import Any

from pipelines.declarations.form import Form
from pipelines.model.content import Cube, CubeObservation, Member, SourceDimension, Where
from tests.support.fakes.returns_fakes import form_of


def cube_form(**changes: Any) -> Form:
    cube = {
        "dims": {
            "Пол": {"dim": "sex", "by": "labels"},
            "Дело": {"dim": "article"},
            "Квартал": {"template": "{year}K{quarter}"},
            "Единица": {"only": "лица"},
        },
        "expect": {"CONFIDENTIAL": "0"},
        "attributes": {
            "OBS_STATUS": {"use": "obs_status", "codes": {"A": "A", "P": "P", "M": "M"}},
            "CONF": {"use": "conf_status", "codes": {"F": "F", "C": "C"}},
            "COMMENT": {"use": "note"},
        },
        **changes.pop("cube", {}),
    }
    base: dict[str, Any] = {
        "formats": ["px"],
        "codes": {"sex": {"Вкупно": "_T", "Мажи": "M", "Жени": "F"}, "article": {"1": "188", "2": "350(2)"}},
        "adds_up": [{"dim": "sex", "total": "_T", "parts": ["M", "F"]}],
        "tables": None,
        "cube": cube,
    }
    return form_of(**{**base, **changes})


def make_cube(
    changes: dict[tuple[str, ...], dict[str, Any]] | None = None,
    left_out: tuple[tuple[str, ...], ...] = (),
    **more: Any,
) -> Cube:
    sexes = make_members("0", "1", "2", labels={"0": "Вкупно", "1": "Мажи", "2": "Жени"})
    dimensions = (
        SourceDimension("SEX", {"mk": "Пол"}, sexes),
        SourceDimension("Дело", {}, make_members("1", "2")),
        SourceDimension("Квартал", {}, make_members("2024K1", "2024K2"), "time"),
        SourceDimension("Единица", {}, make_members("лица")),
    )
    numbers = {"0": 5, "1": 3, "2": 2}
    observations = []
    line = 10
    for sex in ("0", "1", "2"):
        for article in ("1", "2"):
            for quarter in ("2024K1", "2024K2"):
                key = (sex, article, quarter, "лица")
                line += 1
                if key not in left_out:
                    fields = {"value": numbers[sex], "status": None, **(changes or {}).get(key, {})}
                    observations.append(CubeObservation(key, where=Where(line=line), **fields))
    fields = {"dimensions": dimensions, **more}
    return Cube(format="px", observations=observations, **fields)


def make_members(*codes: str, labels: dict[str, str] | None = None) -> tuple[Member, ...]:
    return tuple(Member(c, {"mk": labels[c]} if labels else {}) for c in codes)
