"""Sessions of Spark in which SQL means what it means in DuckDB, with our functions and the tables that dbt reads."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipelines.core.settings import SparkSettings, read_settings
from pipelines.warehouse.dbt_runner import WarehouseError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_CODE: Final = Path(__file__).resolve().parents[3]
_SAME_SQL: Final = {
    # A text that is not a number is an error, not a null; names may be in double quotes.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    # Times have no zone, as in DuckDB, and are those of UTC.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    # A table takes the columns of its contract only: none is missing, and no value is narrowed to fit.
    "spark.sql.storeAssignmentPolicy": "STRICT",
    "spark.sql.defaultColumn.useNullsForMissingDefaultValues": "false",
    # The tables of a build are files in its folder. No other program knows their names.
    "spark.sql.catalogImplementation": "in-memory",
    # The pages of Spark are open to everyone who reaches the machine.
    "spark.ui.enabled": "false",
}


@contextmanager
def open_session(folder: Path) -> Iterator[SparkSession]:
    """Yield a session that writes each table as Parquet files to `<folder>/<schema>.db/<table>`.

    One process has one session at a time. Everything that is not in `_SAME_SQL` is set in Spark's own configuration
    (`SPARK_CONF_DIR`), such as memory, encryption and the number of partitions. Raises WarehouseError if Spark or Java
    is missing, or the cluster does not answer.
    """
    try:
        from pyspark.errors import PySparkException, PySparkRuntimeError
        from pyspark.sql import SparkSession
    except ImportError:
        raise WarehouseError("Spark is not installed; install it with `make spark` (docs/scaling.md)") from None
    from py4j.protocol import Py4JError

    options = {
        **_SAME_SQL,
        "spark.sql.warehouse.dir": folder.resolve().as_uri(),
        # Our functions run in Python on the machines of the cluster, where the code is in the same place.
        "spark.executorEnv.PYTHONPATH": os.pathsep.join([str(_CODE), *filter(None, [os.environ.get("PYTHONPATH")])]),
    }
    builder = SparkSession.builder.appName("rti").master(read_settings(SparkSettings).spark_master)
    for name, value in options.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except PySparkRuntimeError as error:
        raise WarehouseError(f"Spark could not start; it needs Java 17 or 21, found by JAVA_HOME: {error}") from None
    except (PySparkException, Py4JError) as error:
        raise WarehouseError(f"Spark could not start: {_first_line(error)}") from None
    try:
        _keep_settings()
        session.sparkContext.setLogLevel("ERROR")
        register_functions(session)
        yield session
    finally:
        session.stop()


def _keep_settings() -> None:
    """Make dbt-spark run statements in the session as it is: before each one it would switch ANSI mode off."""
    from dbt.adapters.spark.session import Connection, Cursor

    Connection.cursor = lambda self: Cursor()


def register_functions(session: SparkSession) -> None:
    """Register the functions of `udf.py` and `pair_udf.py`, which DuckDB calls under the same names."""
    from pyspark.sql.functions import ArrowUDFType, arrow_udf

    from pipelines.warehouse.metrics import pair_udf, udf

    def register_function(name: str, function: Callable[..., Any], returned: str) -> None:
        with warnings.catch_warnings():
            # Spark would rather find the kind of a function by its annotations; ours name no type of pyarrow.
            warnings.simplefilter("ignore", UserWarning)
            # It is not tested with pandas 3, which only its functions on data frames use.
            warnings.simplefilter("ignore", FutureWarning)
            wrapped = arrow_udf(lambda *columns: function(*columns), returned, ArrowUDFType.SCALAR)
        session.udf.register(name, wrapped)

    for name, (function, _, returned) in udf.FUNCTIONS.items():
        register_function(name, function, _spark_type(returned))
    register_function("rti_pair", pair_udf.contrast_pairs, "low double, high double, p double")


def create_relations(
    session: SparkSession, files: Mapping[str, Sequence[str]], empty_facts: Mapping[str, Path]
) -> None:
    """Create each relation of `files` (`schema.name` -> its Parquet files), under which models read it.

    One file becomes a view of it. Facts become a table, because older files lack columns that were added later:
    `empty_facts` has a file with all of them for each table of facts.
    """
    for schema in sorted({name.partition(".")[0] for name in files}):
        session.sql(f"create database if not exists {schema}")
    for name, paths in files.items():
        schema, _, table = name.partition(".")
        if schema == "facts":
            columns = session.read.parquet(str(empty_facts[table])).schema
            session.read.schema(columns).parquet(str(empty_facts[table]), *paths).write.saveAsTable(name)
        else:
            (path,) = paths
            session.sql(f"create view {schema}.`{table}` as select * from parquet.`{path.replace('`', '``')}`")


def _spark_type(duckdb_type: str) -> str:
    """Return the type of a function's result in Spark; of a struct, its fields."""
    return duckdb_type.lower().removeprefix("struct(").removesuffix(")")


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
