"""One running `rti serve` for the tests of its servers: starting the Dagster UI alone takes 10 s of processor time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pipelines.core.home import open_home
from pipelines.runs.instance import instance_folder
from tests.support.demonstration import copy_home
from tests.support.service.serving import ServedHome, run_serve


def _add_finished_runs(root: Path) -> tuple[str, ...]:
    import dagster as dg
    from dagster._core.test_utils import create_run_for_test

    with dg.DagsterInstance.from_config(str(instance_folder(open_home(root)))) as instance:
        return tuple(
            create_run_for_test(instance, job_name="refresh", status=dg.DagsterRunStatus.SUCCESS).run_id
            for _ in range(2)
        )


@pytest.fixture(scope="session")
def _serve_home(built_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], ServedHome]]:
    """Return the served copy of the built home; serve another copy if a test has ended it."""
    with ExitStack() as stack:
        served: list[ServedHome] = []

        def serve_home() -> ServedHome:
            if not served or served[-1].process.poll() is not None:
                root = tmp_path_factory.mktemp("serve") / "home"
                copy_home(built_home, root)
                runs = _add_finished_runs(root)
                served.append(ServedHome(root, *stack.enter_context(run_serve(root)), runs))
            return served[-1]

        yield serve_home


@pytest.fixture
def served_home(_serve_home: Callable[[], ServedHome]) -> ServedHome:
    """A copy of the built home whose servers run; a test may end them."""
    return _serve_home()
