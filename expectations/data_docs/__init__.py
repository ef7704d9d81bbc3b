"""Data Docs of the checks: Great Expectations' own pages, with notes at each result and without files of other sites.

Great Expectations' templates load style sheets, scripts and a logo from eight other sites, and send them the id of the
context. Without a network its index is empty, and no result says whether it passed. The templates of this package
replace those that do so; everything else is rendered by Great Expectations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_RENDERING = "expectations.data_docs.rendering"


def describe_site(folder: Path) -> dict[str, Any]:
    """Return the configuration of a Data Docs site that is written to a folder."""
    page = {"module_name": _RENDERING, "class_name": "OfflinePageView"}
    results = {"module_name": _RENDERING, "class_name": "NotedResultsPageRenderer"}
    return {
        "class_name": "SiteBuilder",
        "show_how_to_buttons": False,
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder)},
        "site_index_builder": {
            "class_name": "DefaultSiteIndexBuilder",
            "view": {"module_name": _RENDERING, "class_name": "OfflineIndexView"},
        },
        "site_section_builders": {
            "expectations": {
                "class_name": "DefaultSiteSectionBuilder",
                "source_store_name": "expectations_store",
                "renderer": {"class_name": "ExpectationSuitePageRenderer"},
                "view": page,
            },
            "validations": {
                "class_name": "DefaultSiteSectionBuilder",
                "source_store_name": "validation_results_store",
                "renderer": results,
                "view": page,
            },
        },
    }
