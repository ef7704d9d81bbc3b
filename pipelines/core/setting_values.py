"""Kinds of values that settings accept: how they are read, and how they are described."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, PositiveInt, SecretStr, TypeAdapter
from pydantic_settings import NoDecode

_LONGEST_DIFFERENCE: Final = timedelta(days=36_525)


@dataclass(frozen=True, slots=True)
class Expected:
    """Describe the values that a setting accepts, for errors and for the reference page."""

    text: str


def _split_paths(value: Any) -> Any:
    return tuple(part for part in value.split(os.pathsep) if part) if isinstance(value, str) else value


def _split_networks(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    networks = tuple(part.strip() for part in value.split(",") if part.strip())
    for network in networks:
        ipaddress.ip_network(network)
    return networks


def _check_web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("not an http or https address")
    return value


def _check_site_address(value: str) -> str:
    address = _check_web_address(value).rstrip("/")
    if urlsplit(address).path:
        raise ValueError("an address without a path")
    return address


def _check_lake_data(value: str) -> str:
    if "://" in value and not value.startswith("s3://"):
        raise ValueError("neither a path nor an address that starts with s3://")
    return value.rstrip("/")


def _check_bucket(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme != "s3" or not parts.netloc or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("not an address that starts with s3://")
    return value.rstrip("/")


def _check_postgres(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in ("postgresql", "postgresql+psycopg") or not parts.path.strip("/"):
        raise ValueError("not an address of a database of PostgreSQL")
    return value


def _check_broker(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in ("amqp", "amqps") or not parts.hostname:
        raise ValueError("not an address that starts with amqp:// or amqps://")
    return value


def _parse_present(value: Any) -> Any:
    """Return the time of an ISO 8601 time, or the difference of an ISO 8601 duration with a sign."""
    if not isinstance(value, str):
        return value
    if not value.startswith(("+P", "-P")):
        return datetime.fromisoformat(value)
    difference = TypeAdapter(timedelta).validate_python(value)
    if abs(difference) > _LONGEST_DIFFERENCE:
        raise ValueError("more than a hundred years from now")
    return difference


OptionalText = Annotated[str | None, Expected("any text")]
Folder = Annotated[Path, Expected("the path of a folder")]
OptionalFolder = Annotated[Path | None, Expected("the path of a folder")]
PathList = Annotated[
    tuple[Path, ...],
    NoDecode,
    BeforeValidator(_split_paths),
    Expected(f"paths of folders, separated by `{os.pathsep}`"),
]
Networks = Annotated[
    tuple[str, ...],
    NoDecode,
    BeforeValidator(_split_networks),
    Expected("IP addresses or networks such as `127.0.0.1` or `10.0.0.0/24`, separated by commas"),
]
OptionalFile = Annotated[Path | None, Expected("the path of a file")]
OptionalPresent = Annotated[
    datetime | timedelta | None,
    BeforeValidator(_parse_present),
    Expected(
        "a time such as `2026-11-20T09:00:00Z` (without a zone: UTC), or a difference from the system clock such as "
        "`-P3DT2H30M`"
    ),
]
OptionalWebAddress = Annotated[
    str | None, AfterValidator(_check_web_address), Expected("an address such as `https://returns.example`")
]
OptionalSiteAddress = Annotated[
    str | None,
    AfterValidator(_check_site_address),
    Expected("an address such as `https://figures.example`, without a path"),
]
Count = Annotated[PositiveInt, Expected("a whole number above 0")]
OptionalBucket = Annotated[
    str | None, AfterValidator(_check_bucket), Expected("an address such as `s3://bucket/folder`")
]
OptionalLakeFolder = Annotated[
    str | None, AfterValidator(_check_lake_data), Expected("an address such as `s3://bucket/folder`, or a path")
]
OptionalPostgres = Annotated[
    SecretStr | None,
    AfterValidator(_check_postgres),
    Expected("an address such as `postgresql://user:password@host/database`"),
]
OptionalBroker = Annotated[
    SecretStr | None,
    AfterValidator(_check_broker),
    Expected("an address such as `amqp://user:password@host/rti`, or one that starts with `amqps://`"),
]
