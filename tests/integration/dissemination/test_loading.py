"""The lines of docs/data-files.md that load a file, run against a service on a port of the loopback address."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from dashboards.public.static_pages import StaticPages
from pipelines.core.home import open_home
from tests.support.paths import ROOT

Figures = dict[tuple[str, ...], dict[str, object]]


@pytest.fixture(scope="module")
def site(built_home: Path) -> Iterator[str]:
    """Return the address of the public files of the demonstration, served while the tests of this module run."""
    pages = StaticPages(PlainTextResponse("none", 404), lambda: open_home(built_home))
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(pages, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started, "the server did not start within 30 seconds"
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=30)
    listening.close()


def test_polars_line_of_the_documentation_loads_the_file_over_http(site: str, victims: Figures) -> None:
    text = (ROOT / "docs" / "data-files.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert block.count("https://example.org") == 1
    *lines, selection = block.replace("https://example.org", site).rstrip().splitlines()
    names: dict[str, object] = {}
    exec("\n".join(lines), names)
    loaded = names["victims"]
    assert isinstance(loaded, pl.DataFrame) and loaded.height == len(victims)
    chosen = eval(selection, names)
    expected = {
        (key[-1], key[5], key[9]): row["value"] for key, row in victims.items()
        if key[:2] == ("A", "AL") and key[6:9] == ("_T", "_T", "_T")
    }  # fmt: skip
    assert expected == {
        (row["TIME_PERIOD"], row["VICTIM_STATUS"], row["CITIZENSHIP"]): row["OBS_VALUE"] for row in chosen.to_dicts()
    }
