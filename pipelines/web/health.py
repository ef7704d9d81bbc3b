"""Report whether a service lives and whether it can do its work, at the same three addresses for every process.

`/live` answers 200 while the process runs. `/ready` answers 200 if it can do its work, else 503. `/health` has the
same checks, for the worker those of its sensors too, and for the public pages those of the files next to the releases.
A reply contains no path and no figure, so that a monitor may request it without a sign-in: `"status": "ok"`, or what is
wrong. `release_health` is for the public pages; `office_health.py` has the checks of the offices' service, because the
public pages import nothing of the ledger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pipelines.core.duckdb_files import open_duckdb

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from pipelines.core.home import Home

PATH = "/health"
LIVE: Final = "/live"
READY: Final = "/ready"
LIVING: Final = {"status": "ok"}
"""The answer of `/live`."""


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """One check; `problem` is empty if it succeeded. `state` says more of a check that succeeded."""

    name: str
    problem: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    """The checks of one service, in their order."""

    checks: tuple[HealthCheck, ...]

    @property
    def is_good(self) -> bool:
        return not any(check.problem for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        """Return `{status, checks: {name: "ok", the state, or what is wrong}}`."""
        checks = {check.name: check.problem or check.state or "ok" for check in self.checks}
        return {"status": "ok" if self.is_good else "failing", "checks": checks}


def release_readiness(home: Home) -> Health:
    """Try what no public page can be without: a whole release."""
    return Health((_check_release(home),))


def release_health(home: Home) -> Health:
    """Try also the files next to the release, without which pages are shown that lack something."""
    return Health((_check_release(home), _check_records(home)))


def health_routes(measure: Callable[[], Health], ready: Callable[[], Health] | None = None) -> list[BaseRoute]:
    """Return the routes `/live`, `/ready` and `/health` of a service, for mounting.

    `ready` measures less, for a service that does its work although something is wrong.
    """
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def answer_live(_request: Request) -> Response:
        return JSONResponse(LIVING, headers={"Cache-Control": "no-store"})

    return [Route(LIVE, answer_live, methods=["GET"]), health_route(ready or measure, READY), health_route(measure)]


def health_route(measure: Callable[[], Health], path: str = PATH) -> BaseRoute:
    """Return the route that reports a service's health, for mounting."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    async def answer_health(_request: Request) -> Response:
        health = await run_in_threadpool(measure)
        return JSONResponse(health.as_json(), 200 if health.is_good else 503, headers={"Cache-Control": "no-store"})

    return Route(path, answer_health, methods=["GET"])


def _check_records(home: Home) -> HealthCheck:
    from pipelines.publication.releases.public_records import find_damaged_records

    damaged = find_damaged_records(home)
    return HealthCheck("records", f"damaged: {', '.join(damaged)}" if damaged else "")


def _check_release(home: Home) -> HealthCheck:
    import duckdb

    from pipelines.publication.releases.publish import find_current_release

    folder = find_current_release(home)
    if folder is None:
        return HealthCheck("release", "nothing has been published")
    try:
        tables = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["tables"]
        with _opened(str(folder / "release.duckdb")) as connection:
            counts = {name: _first(connection, f'select count(*) from "{name}"') for name in tables}
            # A file that was truncated while this process had it open still answers from memory.
            blocks = _first(connection, "select block_size * total_blocks from pragma_database_size()")
        is_cut = (folder / "release.duckdb").stat().st_size < blocks
    except (OSError, ValueError, KeyError, TypeError, duckdb.Error) as error:
        return HealthCheck("release", f"release {folder.name} cannot be opened ({type(error).__name__})")
    differing = sorted(name for name, rows in tables.items() if counts[name] != rows)
    if is_cut:
        return HealthCheck("release", f"release {folder.name} was cut short on the disk")
    if differing:
        return HealthCheck("release", f"release {folder.name} lacks rows in {', '.join(differing)}")
    return HealthCheck("release")


@contextmanager
def _opened(path: str) -> Iterator[Any]:
    import duckdb

    connection = open_duckdb(path, read_only=True)
    try:
        yield connection
    finally:
        with suppress(duckdb.Error):
            connection.close()


def _first(connection: Any, query: str) -> int:
    return int(connection.execute(query).fetchone()[0])
