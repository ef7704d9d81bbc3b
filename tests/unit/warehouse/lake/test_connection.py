"""Test the secrets of a connection to the lake, and that no error quotes one. `make test-lake` tests the lake."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from unittest.mock import Mock

import duckdb
import pytest

from pipelines.warehouse.dbt_runner import NodeResult, WarehouseError
from pipelines.warehouse.lake import connection

ADDRESS = "postgresql+psycopg://lake:catalogue-word@127.0.0.1:5/catalogue"


@pytest.fixture(autouse=True)
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RTI_LAKE_CATALOGUE", ADDRESS)
    monkeypatch.setenv("RTI_LAKE_DATA", "s3://returns/lake/")
    monkeypatch.setenv("RTI_LAKE_S3_KEY", "key")
    monkeypatch.setenv("RTI_LAKE_S3_SECRET", "storage-word")


def list_statements() -> list[str]:
    """Return the statements that prepare a connection in which all extensions are loaded."""
    loaded = Mock(spec=duckdb.DuckDBPyConnection)
    connection.prepare_connection(loaded)
    return [" ".join(call.args[0].split()) for call in loaded.execute.call_args_list]


@pytest.fixture
def extensions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_extension_file", lambda name: Path(f"/{name}.duckdb_extension"))


@pytest.mark.usefixtures("extensions")
@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ("", "region 'us-east-1', scope 's3://returns/lake/')"),
        (
            "http://127.0.0.1:9000",
            "scope 's3://returns/lake/', endpoint '127.0.0.1:9000', use_ssl 'false', url_style 'path')",
        ),
        ("https://storage.example", "endpoint 'storage.example', use_ssl 'true', url_style 'path')"),
    ],
)
def test_secrets_are_made_from_the_settings(monkeypatch: pytest.MonkeyPatch, endpoint: str, expected: str) -> None:
    monkeypatch.setenv("RTI_LAKE_S3_ENDPOINT", endpoint)
    monkeypatch.setenv("RTI_LAKE_S3_SECRET", "storage's word")
    statements = list_statements()
    [storage] = [statement for statement in statements if "secret rti_storage" in statement]
    assert "key_id 'key', secret 'storage''s word'" in storage
    assert storage.endswith(expected)
    [catalogue] = [statement for statement in statements if "secret rti_catalogue (" in statement]
    for option in ("host '127.0.0.1'", "port '5'", "database 'catalogue'", "user 'lake'", "password 'catalogue-word'"):
        assert option in catalogue
    parts = [statement for statement in statements if "type ducklake" in statement]
    for part, statement in zip(("counts", "restricted", "protected"), parts, strict=True):
        assert f"secret rti_{part} " in statement and f"data_path 's3://returns/lake/{part}/'" in statement
        assert "encrypted true" in statement and "-word" not in statement


@pytest.mark.usefixtures("extensions")
def test_a_folder_needs_no_key_to_a_storage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RTI_LAKE_DATA", str(tmp_path))
    monkeypatch.delenv("RTI_LAKE_S3_KEY")
    statements = list_statements()
    assert not [statement for statement in statements if "type s3" in statement]


@pytest.mark.usefixtures("extensions")
@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        ("RTI_LAKE_CATALOGUE", "the lake needs RTI_LAKE_CATALOGUE or RTI_LAKE_CATALOGUE_FILE"),
        ("RTI_LAKE_DATA", "the lake needs RTI_LAKE_DATA;"),
        ("RTI_LAKE_S3_KEY", "the lake needs RTI_LAKE_S3_KEY;"),
        ("RTI_LAKE_S3_SECRET", "the lake needs RTI_LAKE_S3_SECRET or RTI_LAKE_S3_SECRET_FILE"),
    ],
)
def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch, variable: str, expected: str) -> None:
    monkeypatch.delenv(variable)
    with pytest.raises(WarehouseError, match=expected):
        list_statements()


@pytest.mark.usefixtures("extensions")
def test_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable, secret in (("RTI_LAKE_CATALOGUE", "host=db.example user=lake"), ("RTI_LAKE_S3_SECRET", "from-file")):
        monkeypatch.delenv(variable)
        monkeypatch.setenv(f"{variable}_FILE", str(tmp_path / variable))
        (tmp_path / variable).write_text(f"{secret}\n", encoding="utf-8")
    statements = list_statements()
    assert "create or replace secret rti_catalogue (type postgres, user 'lake', host 'db.example')" in statements
    assert any("secret 'from-file'" in statement for statement in statements)
    (tmp_path / "RTI_LAKE_S3_SECRET").unlink()
    with pytest.raises(WarehouseError, match="RTI_LAKE_S3_SECRET_FILE cannot be read"):
        list_statements()


@pytest.mark.usefixtures("extensions")
@pytest.mark.parametrize("address", ["postgresql://lake:catalogue-word@[half", f"{ADDRESS}?sslmode=require"])
def test_a_wrong_address_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("RTI_LAKE_CATALOGUE", address)
    with pytest.raises(WarehouseError, match="RTI_LAKE_CATALOGUE") as error:
        list_statements()
    assert "catalogue-word" not in str(error.value)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with (
        pytest.raises(WarehouseError, match="duckdb-extension-httpfs is not installed; `make lake` installs it"),
        connection.open_part("counts"),
    ):
        pytest.fail("a part was opened without extensions")


@pytest.mark.parametrize("kind", [duckdb.IOException, WarehouseError])
def test_errors_do_not_quote_secrets(kind: type[Exception]) -> None:
    with pytest.raises(WarehouseError) as error, connection.hide_secrets():
        raise kind(f"cannot connect to password=catalogue-word, {ADDRESS}, key storage-word")
    assert "cannot connect to password=(secret)" in str(error.value)
    assert "-word" not in str(error.value)
    assert error.value.__cause__ is None and error.value.__suppress_context__


def test_a_failed_build_keeps_the_results_of_its_tests() -> None:
    results = (NodeResult("keyed_mart_count", "test", 0.1, "fail", 2),)
    with pytest.raises(WarehouseError) as error, connection.hide_secrets():
        raise WarehouseError("1 of the warehouse's models or tests failed", results)
    assert error.value.tests == results


def test_an_unreachable_catalogue_is_said_without_its_password() -> None:
    with (
        pytest.raises(WarehouseError, match="the lake's catalogue cannot be reached") as error,
        connection.hold_lock("the counts of the lake"),
    ):
        pytest.fail("a lock was held in a database that does not exist")
    assert "catalogue-word" not in str(error.value)
