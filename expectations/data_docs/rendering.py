"""Renderers and views that Great Expectations loads by name when it writes Data Docs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from great_expectations.render.components import RenderedMarkdownContent
from great_expectations.render.renderer.content_block.validation_results_table_content_block import (
    ValidationResultsTableContentBlockRenderer,
)
from great_expectations.render.renderer.page_renderer import ValidationResultsPageRenderer
from great_expectations.render.view.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, PackageLoader

_SECTIONS = {
    "class_name": "ValidationResultsColumnSectionRenderer",
    "table_renderer": {"module_name": __name__, "class_name": "NotedResultsTableRenderer"},
}


class NotedResultsTableRenderer(ValidationResultsTableContentBlockRenderer):
    """Render the results of a table with the notes of each expectation, which otherwise only suites have."""

    @classmethod
    def _get_content_block_fn(cls, expectation_type: str, expectation_config: Any = None) -> Callable[..., Any] | None:
        make_rows = super()._get_content_block_fn(expectation_type, expectation_config)
        assert make_rows is not None

        def make_noted_rows(*arguments: Any, result: Any = None, **more: Any) -> Any:
            rows = make_rows(*arguments, result=result, **more)
            notes = result.expectation_config.notes or []
            markdown = "\n\n".join([notes] if isinstance(notes, str) else notes)
            if markdown:
                cell = rows[0][1]
                rows[0][1] = [*(cell if isinstance(cell, list) else [cell]), RenderedMarkdownContent(markdown)]
            return rows

        return make_noted_rows


class NotedResultsPageRenderer(ValidationResultsPageRenderer):
    """Render the page of a validation with notes, and with the name of the table that was validated."""

    def __init__(self, **options: Any) -> None:
        super().__init__(column_section_renderer=_SECTIONS, **options)

    def render(self, validation_results: Any, suite_parameters: Any = None) -> Any:
        """Return the content of the page of one validation."""
        specification = validation_results.meta.get("batch_spec")
        if specification is not None:
            specification.setdefault("data_asset_name", validation_results.asset_name)
        return super().render(validation_results, suite_parameters)


class OfflinePageView(DefaultJinjaPageView):
    """Pages from the templates of this package where it has one, else from those of Great Expectations."""

    def __init__(self, **directories: Any) -> None:
        super().__init__(**directories)
        templates = PackageLoader("expectations.data_docs", "templates")
        self.env.loader = ChoiceLoader([templates, *([self.env.loader] if self.env.loader else [])])


class OfflineIndexView(OfflinePageView):
    """The index of all suites and validations, from the same templates."""

    _template = "index_page.j2"
