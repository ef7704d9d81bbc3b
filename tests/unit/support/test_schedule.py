"""The order of test files: one builds the home while others run, and unit tests come last."""

from __future__ import annotations

from tests.support.paths import ROOT
from tests.support.schedule import HOME_FIXTURES, MEANWHILE, find_work_unit, order_files

HOME, NONE = {"built_home", "tmp_path"}, {"tmp_path"}


def test_order_files_puts_one_file_with_home_first_and_units_last() -> None:
    fixtures = {
        "tests/e2e/cli/test_a.py": HOME,
        "tests/integration/web/test_b.py": HOME,
        "tests/integration/cli/test_c.py": NONE,
        "tests/unit/core/test_d.py": NONE,
        "tests/unit/core/test_e.py": NONE,
    }
    assert order_files(fixtures) == [
        "tests/e2e/cli/test_a.py",
        "tests/integration/cli/test_c.py",
        "tests/integration/web/test_b.py",
        "tests/unit/core/test_d.py",
        "tests/unit/core/test_e.py",
    ]


def test_order_files_puts_files_that_go_together_after_the_build_if_one_needs_the_home() -> None:
    fixtures = {
        "tests/e2e/cli/test_a.py": HOME,
        "tests/e2e/operations/test_b.py": NONE,
        "tests/e2e/survey/test_browser.py": NONE,
        "tests/e2e/web/test_c.py": HOME,
        "tests/integration/cli/test_d.py": HOME,
        "tests/integration/cli/test_e.py": NONE,
        **dict.fromkeys(MEANWHILE, NONE),
    }
    assert order_files(fixtures) == [
        "tests/e2e/cli/test_a.py",
        *MEANWHILE,
        "tests/e2e/survey/test_browser.py",
        "tests/e2e/web/test_c.py",
        "tests/e2e/operations/test_b.py",
        "tests/integration/cli/test_e.py",
        "tests/integration/cli/test_d.py",
    ]


def test_files_that_run_during_the_build_exist_and_do_not_need_the_home() -> None:
    for path in MEANWHILE:
        assert not any(name in (ROOT / path).read_text(encoding="utf-8") for name in HOME_FIXTURES)


def test_order_files_without_home_keeps_the_order_of_the_collection() -> None:
    fixtures = {"tests/unit/core/test_z.py": NONE, "tests/unit/core/test_a.py": NONE}
    assert order_files(fixtures) == list(fixtures)


def test_order_files_returns_each_file_once() -> None:
    fixtures = {f"tests/{kind}/test_{name}.py": names for kind in ("e2e", "integration", "unit")
                for name, names in (("home", HOME), ("none", NONE))}  # fmt: skip
    assert sorted(order_files(fixtures)) == sorted(fixtures)


def test_files_that_share_services_and_the_browser_are_one_unit_of_work() -> None:
    files = (
        "dashboards/test_public.py",
        "dashboards/test_portal.py",
        "office/answers/test_page.py",
        "operations/test_public_imports.py",
        "survey/test_browser.py",
        "web/test_hostile.py",
    )
    assert {find_work_unit(f"tests/e2e/{file}::test_x") for file in files} == {"services and browser"}
    assert find_work_unit("tests/e2e/cli/test_end_to_end.py::test_x[a::b]") == "tests/e2e/cli/test_end_to_end.py"


def test_files_that_share_the_servers_of_rti_serve_are_one_unit_of_work() -> None:
    paths = ("tests/e2e/operations/test_dagster_ui.py", "tests/e2e/operations/test_serve.py")
    assert {find_work_unit(f"{path}::test_x") for path in paths} == {"rti serve"}
