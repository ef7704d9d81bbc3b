"""The lines of docs/data-files.md that load a file, run against a service on a port of the loopback address."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import duckdb_extension_httpfs
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


def test_duckdb_lines_of_the_documentation_load_the_file_over_http(site: str, victims: Figures, release: Path) -> None:
    text = (ROOT / "docs" / "data-files.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```sql\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert block.count("https://example.org") == 2
    block = block.replace("https://example.org", site)
    folder = Path(duckdb_extension_httpfs.__file__).parent / "extensions" / f"v{duckdb.__version__}"
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        connection.execute(f"load '{folder / 'httpfs.duckdb_extension'}'")
        query, attachment = duckdb.extract_statements(block)
        loaded = connection.execute(query).fetchall()
        expected = [row for key, row in victims.items() if key[0] == "A" and key[5:9] == ("_T", "_T", "_T", "_T")]
        assert len(loaded) == len(expected) > 20
        values = sorted(float(value) for _, _, value in loaded if value is not None)
        assert values == sorted(float(str(row["value"])) for row in expected if row["value"] is not None)
        connection.execute(attachment)
        (attached,) = connection.execute("select count(*) from release.cell").fetchall()
    with duckdb.connect(str(release / "release.duckdb"), read_only=True) as connection:
        assert connection.execute("select count(*) from cell").fetchall() == [attached]
