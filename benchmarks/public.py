"""The public pages: processor time from a change of each control to the redrawn page.

A page is run without a browser, so its function, its queries, its tables and its charts are measured, and not what a
browser then draws. The floor is a run of a page that has only a title.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from statistics import median, quantiles
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks import homes
from benchmarks.registry import Figure, Setting, register_benchmark

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

    from dashboards.public.selection import Control

TARGET = 0.3
"""Seconds from a change to the redrawn page, p95, from the issue."""
SECTIONS = ("trend", "outcomes", "breakdown", "rules", "data", "all")
VIEWS: tuple[tuple[str, dict[str, str]], ...] = (
    ("region", {}),
    ("region", {"freq": "A", "stages": "all"}),
    *(("territory", {"section": section}) for section in SECTIONS),
    *(("compare", {"kind": kind}) for kind in ("count", "rate", "ratio", "share", "clearance", "duration")),
    ("durations", {}),
    ("victims", {}),
    ("published", {}),
    ("published", {"view": "beside"}),
    ("quality", {}),
    ("about", {}),
)
"""Pages with their addresses."""


@register_benchmark("public", "the public pages: processor time of each change of a control")
def measure_public_pages(setting: Setting) -> Iterator[Figure]:
    """Measure every control of every public page on the demonstration's release."""
    home = homes.build_home(setting, 1).home
    with mock.patch.dict(os.environ, {"RTI_HOME": str(home)}):
        floors = [_time_run(open_page("region", {}, "import streamlit\nstreamlit.title('x')\n")) for _ in range(5)]
        for page, address in VIEWS:
            name = page + "".join(f", {key} {value}" for key, value in address.items())
            test = open_page(page, address)
            times = [_time_run(test)]
            for _ in range(setting.repetitions):
                times += list(_change_each_control(test))
            p95 = quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
            floor = median(floors)
            note = f"{len(times)} runs"
            yield Figure(f"{name}: p50", median(times), "s", floor, "a page with a title", note=note)
            yield Figure(f"{name}: p95", p95, "s", floor, "a page with a title", "≤ 0.3 s", p95 <= TARGET)


def open_page(page: str, address: dict[str, str], script: str = "") -> AppTest:
    """Return a page that has been run twice, so that its queries and modules are loaded."""
    from streamlit.testing.v1 import AppTest

    script = script or f"from dashboards.public.pages import {page}\n{page}.render_page()\n"
    test = AppTest.from_string(script, default_timeout=120)
    for key, value in address.items():
        test.query_params[key] = value
    test.run()
    _time_run(test)
    return test


def _change_each_control(test: AppTest) -> Iterator[float]:
    """Change each control of a page to another option and back; yield the processor time of each run."""
    for name in [name for name in _read_controls(test) if name != "section"]:
        first = _read_controls(test)[name].value
        second = next((option for option in _read_controls(test)[name].options if option != first), None)
        for option in (second, first):
            control = _read_controls(test).get(name)
            if control is not None and option in control.options and option != control.value:
                widgets = [*test.get("button_group"), *test.get("selectbox")]
                next(widget for widget in widgets if widget.key == control.widget).set_value(option)
                yield _time_run(test)


def _read_controls(test: AppTest) -> dict[str, Control]:
    """Return the controls that the page shows, by name."""
    visible_keys = {widget.key for widget in (*test.get("button_group"), *test.get("selectbox"))}
    controls: dict[str, Control] = test.session_state["selection"].controls
    return {name: control for name, control in controls.items() if control.widget in visible_keys}


def _time_run(test: AppTest) -> float:
    began = time.process_time()
    test.run()
    duration = time.process_time() - began
    if test.exception:
        raise SystemExit(str(test.exception))
    return duration
