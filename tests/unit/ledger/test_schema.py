"""Statements of the ledger work while another thread loads a library that uses SQLAlchemy's ORM."""

from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest

from tests.support.paths import ROOT

SCRIPT = """
    import importlib, sys, threading, time
    import sqlalchemy as sa

    class SlowImports:
        def find_spec(self, name, path=None, target=None):
            if name.startswith("sqlalchemy.orm"):
                time.sleep(0.02)

    importlib.import_module(sys.argv[1])
    sys.meta_path.insert(0, SlowImports())
    table = sa.Table("example", sa.MetaData(), sa.Column("area", sa.String))
    thread = threading.Thread(target=importlib.import_module, args=("sqlalchemy.orm",))
    thread.start()
    faults = 0
    while True:
        is_loading = thread.is_alive()
        try:
            sa.select(table).where(table.c.area.in_(sa.bindparam("areas", expanding=True)))
            sa.select(table).where(table.c.area < sa.bindparam("before", ["a"]))
        except AttributeError:
            faults += 1
        if not is_loading:
            break
    print("faults" if faults else "none")
"""


@pytest.mark.parametrize(("module", "faults"), [("pipelines.ledger.schema", "none"), ("sqlalchemy", "faults")])
def test_statement_is_made_while_another_thread_loads_the_orm(module: str, faults: str) -> None:
    """Check the ledger's tables, and that SQLAlchemy alone has the fault that they prevent."""
    command = [sys.executable, "-c", dedent(SCRIPT), module]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert process.stdout.strip() == faults
