"""Results that are kept between runs are void once any code that makes them is another.

The imports of that code are followed. A module is either in the digest, or one of those whose reason is given here.
"""

from __future__ import annotations

from collections.abc import Iterable

import grimp
import pytest

from pipelines.publication.disclosure import protecting_code
from pipelines.publication.releases import manifest_writing

SERVES = frozenset(
    {
        "pipelines.core.asides", "pipelines.core.bucket", "pipelines.core.clock", "pipelines.core.durable",
        "pipelines.core.file_store", "pipelines.core.home", "pipelines.core.i18n", "pipelines.core.packing",
        "pipelines.core.processors",
        "pipelines.core.setting_values", "pipelines.core.settings", "pipelines.core.spawned", "pipelines.core.text",
        "pipelines.declarations", "pipelines.warehouse",
    }
)  # fmt: skip
"""Protection reads declarations, settings and kept files with these. The keys of its results have what it reads."""
OUTSIDE = frozenset({"pipelines.ledger", "pipelines.reading", "pipelines.submissions"})
"""Modules on the way of returns into the facts, which a draft takes as they are."""


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("pipelines", cache_dir=None)


def find_missing(
    graph: grimp.ImportGraph, roots: Iterable[str], code: Iterable[str], others: Iterable[str]
) -> set[str]:
    """Return the modules that `roots` need and that are neither in `code` (as paths) nor below `others`."""
    needed: set[str] = set()
    for root in roots:
        for module in (root, *graph.find_descendants(root)):
            needed |= {module, *graph.find_upstream_modules(module)}
    covered = {f"pipelines.{path.removesuffix('.py').replace('/', '.')}" for path in code} | set(others)
    packages = {module for module in needed if graph.find_children(module)}
    return {
        module
        for module in needed - packages
        if not any(module == name or module.startswith(f"{name}.") for name in covered)
    }


PROTECTION = ("pipelines.publication.disclosure", "pipelines.publication.cooperation")
DRAFT = ("pipelines.publication.releases.build", "pipelines.front.build")


def test_decisions_on_what_is_withheld_depend_on_all_code_that_makes_them(graph: grimp.ImportGraph) -> None:
    assert find_missing(graph, PROTECTION, protecting_code.CODE, SERVES) == set()


def test_draft_depends_on_all_code_that_makes_it(graph: grimp.ImportGraph) -> None:
    assert find_missing(graph, DRAFT, manifest_writing.CODE, OUTSIDE) == set()


def test_module_that_is_not_in_the_digest_is_found(graph: grimp.ImportGraph) -> None:
    without = [name for name in protecting_code.CODE if name != "statistics"]
    assert "pipelines.statistics.thresholds" in find_missing(graph, PROTECTION, without, SERVES)
    without = [name for name in manifest_writing.CODE if name != "dissemination"]
    assert "pipelines.dissemination.files" in find_missing(graph, DRAFT, without, OUTSIDE)
