"""Texts of a release: internal marks, codes of offices and remarks do not reach a reader."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.declarations.registry import load
from pipelines.publication.releases import notes, public_texts
from pipelines.warehouse.reference import glotip, uncts
from pipelines.warehouse.reference.published import GLOTIP_FIGURES, read_published
from pipelines.warehouse.reference.publishers import is_own_address, name_publishers, read_publishers
from pipelines.words.sources import split_remark
from tests.support.publisher_hosts import list_hosts, list_strangers


def read_collected() -> pl.DataFrame:
    return pl.concat([read_published(), read_published(GLOTIP_FIGURES)])


def list_population_sources() -> dict[str, set[str]]:
    """Return the addresses of the population figures of the region by series."""
    registry = load()
    sources: dict[str, set[str]] = {}
    for row in registry.population:
        if registry.territories[row["territory"]].kind == "national":
            sources.setdefault(row["series"], set()).add(row["source_url"])
    return sources


def find_silent_copies(rows: pl.DataFrame) -> list[str]:
    """Return the public titles of sources that were seen at others only, without a remark that says so."""
    published = name_publishers(rows)
    by_title = published.group_by("source_title").agg(pl.col("source_url").drop_nulls().len().alias("n_own"))
    unnamed = "publisher not named"
    return sorted(
        title
        for title, n_own in by_title.iter_rows()
        if not n_own and not split_remark(title)[1] and not title.endswith(unnamed)
    )


@pytest.mark.parametrize(
    ("internal", "public"),
    [
        ("Ministry: Name from memory, unverified [M].", "Ministry: Source not yet verified."),
        ("Office A (names from memory, unverified).", "Office A (source not yet verified)."),
        ("New criminal code. [unverified]", "New criminal code. Source not yet verified."),
        ("The penalty rises. [verified]", "The penalty rises."),
        ("Charged as enticement (from memory). [verified]", "Charged as enticement (source not yet verified)."),
        ("A code applies from 2013 (day unverified).", "A code applies from 2013 (day: source not yet verified)."),
        ("TIP 145; TIP 146 [unverified]", "TIP 145; TIP 146 (source not yet verified)"),
        ("National publishers reference: MakStat (read).", "Reference publication: MakStat."),
        ("Figures reach this collection through AA_PP.", "Figures reach this collection through Prosecution Office."),
        ("The three forms add up to 110.", "The three forms add up to 110."),
    ],
)
def test_internal_words_are_taken_out(internal: str, public: str) -> None:
    cleaned = public_texts.clean_text(internal, {"AA_PP": "Prosecution Office"})
    assert cleaned == public
    assert public_texts.find_internal_words(cleaned) == []


@pytest.mark.parametrize(
    "text", ["[M]", "from memory", "unverified", "rti explain 'x'", "AL_PP", "S60b65877ce18ace0", "`code`"]
)
def test_internal_words_are_found(text: str) -> None:
    assert public_texts.find_internal_words(f"See {text} for this") != []


def test_declared_notes_and_metadata_have_no_internal_words_in_a_release() -> None:
    registry = load()
    tables = {
        "note": notes.build_notes(registry),
        "metadata": notes.build_metadata(),
        "counting_rule": notes.counting_rules(registry),
        "reference_figure": name_publishers(read_collected()),
    }
    assert any("[M]" in text for text in tables["note"]["text"]), "the mark stays where the territory is declared"
    for name, table in tables.items():
        table = public_texts.clean_table(name, table.lazy(), public_texts.name_offices(registry)).collect()
        for column in public_texts.PROSE[name]:
            for text in table[column].drop_nulls():
                assert public_texts.find_internal_words(text) == [], (name, column, text)


def test_every_collected_source_has_a_publisher_and_an_own_title() -> None:
    rows = read_collected()
    published = name_publishers(rows)
    assert published.height == rows.height and published["publisher"].null_count() == 0
    assert published.filter(pl.col("publisher") == pl.col("source_title")).is_empty(), "each source is declared"
    assert published["source_title"].n_unique() == rows["source_title"].n_unique(), "no two sources look alike"
    assert published["value"].to_list() == rows["value"].to_list()
    titles = set(rows["source_title"]) | {title.rsplit(" ", 1)[0] for title in rows["source_title"]}
    titles |= {glotip.TITLE, uncts.TITLE, *list_population_sources()}
    assert set(read_publishers()["source_title"]) <= titles, "no publisher is declared in vain"


def test_titles_of_sources_have_their_language() -> None:
    titles = dict(name_publishers(read_collected()).select("source_title", "source_language").iter_rows())
    assert set(titles.values()) == {"en", "hr"}
    for title, language in titles.items():
        assert (language == "en") == title.isascii(), title
    undeclared = read_collected().head(1).with_columns(source_title=pl.lit("A source that is not declared"))
    assert name_publishers(undeclared)["source_language"].to_list() == ["en"]


def test_links_lead_to_the_original_publisher_only() -> None:
    published = name_publishers(read_collected())
    hosts = dict(read_publishers().filter(pl.col("host") != "").select("publisher", "host").iter_rows())
    linked = published.filter(pl.col("source_url").is_not_null())
    assert linked.height > 20
    for publisher, url in linked.select("publisher", "source_url").iter_rows():
        assert is_own_address(url, hosts[publisher]), url
    texts = " ".join([*linked["source_url"], *published["source_title"], *published["source"]])
    for copy in ("aassone", "wikileaks", "havocscope", "gvnet", "amicidilazzaro", "infobalkans"):
        assert copy not in texts


def test_sources_seen_at_others_say_so_in_words() -> None:
    """Check the title, because the address of a copy is not published."""
    rows = read_collected()
    assert find_silent_copies(rows) == []
    copied = rows.with_columns(
        source_url=pl.when(pl.col("source_title").str.starts_with("KAS,"))
        .then(pl.lit("https://copies.example/report"))
        .otherwise("source_url")
    )
    (silent,) = find_silent_copies(copied)
    assert silent.startswith("Kosovo Agency of Statistics")


def test_population_is_linked_at_its_publisher() -> None:
    hosts = dict(read_publishers().select("source_title", "host").iter_rows())
    sources = list_population_sources()
    assert sources and set(sources) <= set(hosts)
    for series, addresses in sources.items():
        assert list_strangers(addresses, [hosts[series]]) == [], series


def test_addresses_of_strangers_are_found() -> None:
    hosts = list_hosts()
    copies = ["https://copies.example/state.gov", "//state.gov.copies.example/", "https://notstate.gov/"]
    assert list_strangers([*copies, "https://www.state.gov/reports", "http://ilo.org/"], hosts) == copies


def test_host_is_not_matched_by_its_ending_alone() -> None:
    assert is_own_address("https://www.state.gov/reports", "state.gov")
    assert not is_own_address("https://notstate.gov/reports", "state.gov")
    assert not is_own_address("state.gov", "state.gov")
