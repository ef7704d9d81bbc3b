"""Tests of what dbt no longer does: copy all macros for an argument, make unread events, parse SQL to find `with`, and
read the lines of the stack for a flag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from unittest import mock

import jinja2
import pytest

from pipelines.warehouse.dbt_overhead import compile_templates, remove_needless_work


class Macros(Mapping[str, Any]):
    """A context that fails when it is copied."""

    def __getitem__(self, name: str) -> Any:
        return {"number": lambda: 3}[name]

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("copied")

    def __len__(self) -> int:
        return 1


@pytest.fixture(autouse=True)
def _without_needless_work() -> None:
    remove_needless_work()


def test_argument_of_a_test_is_rendered_without_copying_the_macros() -> None:
    from dbt.clients.jinja import get_rendered

    assert get_rendered("{{ number() }}", Macros(), native=True) == 3  # type: ignore[arg-type]


def test_events_reach_a_logger_and_are_ignored_without_one() -> None:
    from dbt_common.events.event_manager_client import get_event_manager
    from dbt_common.events.functions import fire_event
    from dbt_common.events.types import Note

    manager = get_event_manager()
    before, logger = list(manager.loggers), mock.Mock()
    manager.loggers[:] = []
    try:
        fire_event(Note(msg="first"))
        manager.loggers.append(logger)
        fire_event(Note(msg="second"))
    finally:
        manager.loggers[:] = before
    assert [call.args[0].info.msg for call in logger.write_line.call_args_list] == ["second"]


def test_flags_of_an_adapter_are_made_without_reading_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    from dbt_common import behavior_flags

    def read_stack() -> list[object]:
        raise AssertionError("read")

    monkeypatch.setattr(behavior_flags.inspect, "stack", read_stack)
    flag = behavior_flags.BehaviorFlag(name="later", default=True, description="A flag", docs_url="")
    assert behavior_flags.Behavior([flag], {"later": True}).later.no_warn


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "-- why\nwith a as (select 1) select * from a",
            "-- why\nwith b as (select 2), a as (select 1) select * from a",
        ),
        ("with recursive a as (select 1) select * from a", "with recursive b as (select 2),  a as (select 1) select"),
        ("select 'with' from t", "with b as (select 2) select 'with' from t"),
        ("select * from (with a as (select 1) from a)", "with b as (select 2) select * from (with a as"),
    ],
)
def test_inputs_of_a_unit_test_are_inserted_after_the_first_with(sql: str, expected: str) -> None:
    from dbt.compilation import inject_ctes_into_sql
    from dbt.contracts.graph.nodes import InjectedCTE

    injected = inject_ctes_into_sql(sql, [InjectedCTE(id="b", sql=" b as (select 2)")])
    assert " ".join(injected.split()).startswith(" ".join(expected.split()))


def test_template_is_compiled_once_and_rendered_with_each_context(monkeypatch: pytest.MonkeyPatch) -> None:
    from dbt.clients.jinja import get_rendered

    text = "{{ 'compiled once' }} {{ number }}"
    assert get_rendered(text, {"number": 1}) == "compiled once 1"
    monkeypatch.setattr(jinja2.Environment, "_generate", mock.Mock(side_effect=AssertionError("compiled again")))
    assert get_rendered(text, {"number": 2}) == "compiled once 2"
    with pytest.raises(Exception, match="compiled again"):
        get_rendered(text + ".", {"number": 3})


def test_template_of_an_argument_is_not_that_of_a_model() -> None:
    from dbt.clients.jinja import get_rendered

    text = "{{ number }}"
    assert get_rendered(text, {"number": 3}) == "3"
    assert get_rendered(text, {"number": 3}, native=True) == 3
    assert get_rendered(text, {"number": 3}) == "3"


def test_compiled_templates_need_no_compiling_later(monkeypatch: pytest.MonkeyPatch) -> None:
    from dbt.clients.jinja import get_rendered

    text = "{{ number }} prepared"
    compile_templates([text])
    monkeypatch.setattr(jinja2.Environment, "_generate", mock.Mock(side_effect=AssertionError("compiled again")))
    assert get_rendered(text, {"number": 2}) == "2 prepared"
