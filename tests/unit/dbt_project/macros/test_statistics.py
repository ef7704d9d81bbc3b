"""The macros of statistics and the functions behind them: published values, and agreement between SQL and Python."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import pytest
from jinja2 import Environment

from pipelines.statistics import dispersion
from pipelines.warehouse.dbt_runner import PROJECT
from pipelines.warehouse.metrics import udf
from tests.oracles import few


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect()
    udf.register_functions(database)
    database.execute(
        "create table pair as select a, b from (values (null), (0.0), (3.0), (19.0), (20.0), (55.0)) as x(a), "
        "(values (null), (0.0), (1.0), (19.0), (20.0), (21.0)) as y(b)"
    )
    return database


@cache
def load_macros() -> Any:
    return Environment().from_string((PROJECT / "macros" / "statistics.sql").read_text("utf-8")).module


def render_macro(name: str, *arguments: str) -> str:
    """Render the SQL of a macro that does not dispatch."""
    return str(getattr(load_macros(), name)(*arguments))


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


def test_state_of_a_share_is_the_same_in_sql_and_python_and_for_its_complement(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Compare all parts of some wholes, and parts above them."""
    connection.execute(
        "create or replace table nested as select a::double as a, b::double as b, (b - a)::double as rest "
        "from range(0, 62) as x(a), (values (0), (19), (20), (39), (40), (41), (61)) as y(b)"
    )
    state, of_rest = (
        render_macro("few_state_of_share", "a", "b", "20"),
        render_macro("few_state_of_share", "rest", "b", "20"),
    )
    rows = connection.execute(f"select a, b, {state}, {of_rest} from nested").fetchall()
    a, b = (np.array([row[i] for row in rows]) for i in (0, 1))
    assert [row[2] for row in rows] == few.share_states(a, b).tolist()
    assert all(row[2] == row[3] for row in rows if row[0] <= row[1])
    assert {(row[0], row[1]) for row in rows if row[2] == "enough" and row[0] <= row[1]} == {
        (part, whole) for whole in (40, 41, 61) for part in range(20, whole - 19)
    }


@pytest.mark.parametrize(
    ("value", "status", "band", "share", "whole", "state"),
    [
        ("400", "A", "20-49", "null", "100", "enough"),  # days of at least 20 persons
        ("400", "A", "10-19", "null", "100", "too_few"),
        ("50", "A", "40-59", "50", "100", "enough"),  # 20 of 40, and 20 others
        ("60", "A", "40-59", "60", "100", "too_few"),  # 24 of 40, and 16 others
        ("40", "A", "40-59", "40", "100", "too_few"),  # its complement
        ("100", "A", "500+", "100", "100", "too_few"),  # nobody else
        ("80", "A", "100-199", "40", "50", "too_few"),  # 40 of the 50 decided, and 10 others
        ("60", "A", "100-199", "30", "50", "enough"),  # 30 of 50, and 20 others
        ("null", "Q", "null", "null", "100", "withheld"),
        ("null", "O", "20-49", "null", "100", "missing"),
    ],
)
def test_state_of_a_figure_from_records_counts_the_rest_of_a_share(
    connection: duckdb.DuckDBPyConnection, value: str, status: str, band: str, share: str, whole: str, state: str
) -> None:
    environment = Environment()
    environment.globals["dbt"] = SimpleNamespace(
        split_part=lambda text, mark, place: f"split_part({text}, {mark}, {place})"
    )
    module: Any = environment.from_string((PROJECT / "macros" / "statistics.sql").read_text("utf-8")).module
    sql = str(module.record_state("value", "status", "band", "share", "20", "whole"))
    columns = {"value": value, "status": f"'{status}'", "band": "null::varchar" if band == "null" else f"'{band}'"}
    columns |= {"share": f"{share}::double", "whole": whole}
    listed = ", ".join(f"{expression} as {name}" for name, expression in columns.items())
    assert connection.execute(f"select {sql} from (select {listed})").fetchone() == (state,)


def test_bound_of_the_dispersion_is_the_same_in_sql_and_python(connection: duckdb.DuckDBPyConnection) -> None:
    rows = connection.execute(f"select a, b, {render_macro('dispersion_at_least', 'a', 'b')} from pair").fetchall()
    a, b = (np.array([np.nan if row[i] is None else row[i] for row in rows]) for i in (0, 1))
    np.testing.assert_allclose([row[2] for row in rows], dispersion.at_least(a, b))


def test_bound_of_some_of_the_persons_is_the_same_in_sql_and_python(connection: duckdb.DuckDBPyConnection) -> None:
    bound = render_macro("dispersion_at_least", "a", "b", "a + more")
    rows = connection.execute(
        f"select a, b, a + more, {bound} from pair, (values (null), (0.0), (1.0), (40.0)) as y(more)"
    ).fetchall()
    a, b, whole = (np.array([np.nan if row[i] is None else row[i] for row in rows]) for i in (0, 1, 2))
    np.testing.assert_allclose([row[3] for row in rows], dispersion.at_least(a, b, whole))


def test_dispersions_of_sums_and_ratios_are_the_same_in_sql_and_python(connection: duckdb.DuckDBPyConnection) -> None:
    chance = np.random.default_rng(1)
    sums, numbers = [], []
    for _ in range(50):
        x, phi = chance.integers(0, 30, 4).astype(float), 1 + chance.integers(0, 4, 4) / 2
        x[chance.random(4) < 0.3] = 0.0
        terms = ", ".join(f"({count}, {factor})" for count, factor in zip(x, phi, strict=True))
        macro = render_macro("dispersion_of_sum", "phi", "x")
        sums.append(connection.execute(f"select {macro} from (values {terms}) as y(x, phi)").fetchone())
        numbers.append(dispersion.of_sum(phi, x))
        ratio = connection.execute(
            f"select {render_macro('dispersion_of_ratio', *(str(v) for v in (x[0], phi[0], x[1], phi[1])))}"
        ).fetchone()
        assert ratio == (pytest.approx(float(dispersion.of_ratio(x[0], phi[0], x[1], phi[1]))),)
    assert sums == [(pytest.approx(number),) for number in numbers]


def test_units_without_clusters_are_the_same_in_sql_and_python(connection: duckdb.DuckDBPyConnection) -> None:
    from pipelines.core import codes

    for unit in codes.list_codes("count_unit"):
        is_one_by_one = connection.execute(f"select {render_macro('one_by_one', repr(unit))}").fetchone()
        assert is_one_by_one == (unit in dispersion.ONE_BY_ONE,)
        basis = connection.execute(f"select {render_macro('interval_basis', repr(unit), 'null')}").fetchone()
        assert basis == (dispersion.estimate_dispersion(unit).basis,)
