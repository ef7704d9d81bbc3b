"""The macros of statistics and the functions behind them: published values, and agreement between SQL and Python."""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pytest
from jinja2 import Environment

from pipelines.statistics import dispersion
from pipelines.warehouse.dbt import PROJECT
from tests.oracles import few


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    from pipelines.warehouse.metrics import udf  # dbt, which takes a second

    database = duckdb.connect()
    udf.register_functions(database)
    database.execute(
        "create table pair as select a, b from (values (null), (0.0), (3.0), (19.0), (20.0), (55.0)) as x(a), "
        "(values (null), (0.0), (1.0), (19.0), (20.0), (21.0)) as y(b)"
    )
    return database


def render_macro(name: str, *arguments: str) -> str:
    """Render the SQL of a macro that does not dispatch."""
    module: Any = Environment().from_string((PROJECT / "macros" / "statistics.sql").read_text("utf-8")).module
    return str(getattr(module, name)(*arguments))


# method, numerator, denominator, dispersion, level -> limits, of published tables: Garwood (1936) as printed in
# textbooks of epidemiology, Clopper and Pearson for 5 of 20, and Garwood's 99 per cent limits of 3.
@pytest.mark.parametrize(
    ("method", "upper", "lower", "phi", "level", "low", "high"),
    [
        ("poisson", "0", "null", "null", "0.95", 0.0, 3.689),
        ("poisson", "10", "null", "1", "0.95", 4.795, 18.390),
        ("poisson", "3", "null", "1", "0.99", 0.338, 10.978),
        ("poisson", "10", "2", "1", "0.95", 4.795 / 2, 18.390 / 2),
        ("clopper_pearson", "5", "20", "1", "0.95", 0.0866, 0.4910),
        ("clopper_pearson", "0", "20", "null", "0.95", 0.0, 0.1684),
    ],
)
def test_functions_return_published_limits(
    connection: duckdb.DuckDBPyConnection,
    method: str,
    upper: str,
    lower: str,
    phi: str,
    level: str,
    low: float,
    high: float,
) -> None:
    limits = connection.execute(
        f"select l.low, l.high from (select rti_limits('{method}', {upper}, {lower}, {phi}, {level}) as l)"
    ).fetchone()
    assert limits == (pytest.approx(low, abs=6e-4), pytest.approx(high, abs=6e-4))


@pytest.mark.parametrize(
    "arguments", ["'', 5, 20", "null, 5, 20", "'poisson', null, 1", "'clopper_pearson', 5, 4", "'poisson', -1, null"]
)
def test_undefined_limits_are_null_and_not_nan(connection: duckdb.DuckDBPyConnection, arguments: str) -> None:
    limits = connection.execute(f"select l.low, l.high from (select rti_limits({arguments}, 1, 0.95) as l)").fetchone()
    assert limits == (None, None)


def test_unknown_method_is_rejected(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.Error, match="no such method of an interval: wilson"):
        connection.execute("select rti_limits('wilson', 5, 20, 1, 0.95)").fetchall()


def test_p_value_equals_that_of_the_exact_binomial_test(connection: duckdb.DuckDBPyConnection) -> None:
    from scipy.stats import binomtest

    p_values = connection.execute("select rti_ratio_p(5, 15, 1, 1, 1, 1)").fetchone()
    assert p_values == (pytest.approx(binomtest(5, 20, 0.5).pvalue),)


def test_too_few_is_the_same_in_sql_and_python(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(f"select a, b, {render_macro('few_state', 'a', 'b', '20')} from pair").fetchall()
    a, b = (np.array([np.nan if row[i] is None else row[i] for row in rows]) for i in (0, 1))
    assert [row[2] for row in rows] == few.figure_states(a, b).tolist()
    assert {row[2] for row in rows} == {"missing", "too_few", "enough"}


def test_bound_of_the_dispersion_is_the_same_in_sql_and_python(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(f"select a, b, {render_macro('dispersion_at_least', 'a', 'b')} from pair").fetchall()
    a, b = (np.array([np.nan if row[i] is None else row[i] for row in rows]) for i in (0, 1))
    np.testing.assert_allclose([row[2] for row in rows], dispersion.at_least(a, b))


def test_units_without_clusters_are_the_same_in_sql_and_python(connection: duckdb.DuckDBPyConnection) -> None:
    from pipelines.core import codes

    for unit in codes.list_codes("count_unit"):
        is_one_by_one = connection.execute(f"select {render_macro('one_by_one', repr(unit))}").fetchone()
        assert is_one_by_one == (unit in dispersion.ONE_BY_ONE,)
        basis = connection.execute(f"select {render_macro('interval_basis', repr(unit), 'null')}").fetchone()
        assert basis == (dispersion.estimate_dispersion(unit).basis,)
