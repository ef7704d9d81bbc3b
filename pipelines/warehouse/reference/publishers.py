"""Name the publisher of each reference figure, and keep an address only if it is the publisher's own.

Figures were often collected from a copy: a mirror, a press report, a leak. A release names the publisher and links to
nobody else.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl

from pipelines.core import i18n

PUBLISHERS = Path(__file__).with_name("publishers.csv")
"""Publisher, host of its own pages (empty if unknown), and public title with its language, of each collected source."""
_EDITION = r" [0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""Date of an edition at the end of a title; all editions of a table have one publisher."""


@cache
def read_publishers() -> pl.DataFrame:
    """Return the declared publishers: `source_title, publisher, host, title, language`; an unknown host is empty."""
    return pl.read_csv(PUBLISHERS, infer_schema=False).with_columns(pl.col("host").fill_null(""))


def name_publishers(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `publisher` and `source_language` to references, give them public titles, drop addresses of anyone else.

    A source that is not declared is its own publisher, without an address, and has an English title.
    """
    declared = read_publishers().rename({"source_title": "declared_title", "title": "public_title"})
    joined = rows.with_columns(pl.col("source_title").str.replace(_EDITION, "").alias("declared_title")).join(
        declared, on="declared_title", how="left", maintain_order="left", validate="m:1"
    )
    links = [
        url if url and host and is_own_address(url, host) else None
        for url, host in joined.select("source_url", "host").iter_rows()
    ]
    edition = pl.col("source_title").str.extract(f"({_EDITION})").fill_null("")
    return joined.with_columns(
        publisher=pl.coalesce("publisher", "source_title"),
        source_language=pl.col("language").fill_null(i18n.SOURCE_LANGUAGE),
        source=translate_source(pl.col("source")),
        source_title=pl.coalesce(pl.col("public_title") + edition, "source_title"),
        source_url=pl.Series(links, dtype=pl.String),
    ).select(*rows.columns, "publisher", "source_language")


def translate_source(source: pl.Expr) -> pl.Expr:
    """Return the public titles of sources; other texts are returned unchanged."""
    return source.replace(dict(read_publishers().select("source_title", "title").iter_rows()))


def is_own_address(url: str, host: str) -> bool:
    """Return True if an address is on a publisher's own host or below it."""
    name = urlsplit(url).hostname or ""
    return name == host or name.endswith(f".{host}")
