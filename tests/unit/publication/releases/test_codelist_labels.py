"""The labels of codes in a release: every code in every language of the pages."""

from __future__ import annotations

from pipelines.core import i18n
from pipelines.publication.releases.draft_tables import list_code_labels, list_codes
from pipelines.warehouse.metrics import metrics


def test_every_code_has_a_label_in_every_language() -> None:
    table = metrics.metric_table(metrics.load())
    labels, codes = list_code_labels(table), list_codes(table)
    languages = {i18n.html_lang(code) for code in i18n.language_names()} - {"en"}
    expected = {(*key, language) for key in codes.select("codelist", "code").iter_rows() for language in languages}
    assert len(languages) == 7
    assert set(labels.select("codelist", "code", "language").iter_rows()) == expected
    assert labels.height == len(expected)
    assert labels.filter(codelist="sex", code="F", language="sq")["label"].to_list() == ["Femra"]
    assert labels["label"].str.strip_chars().str.len_chars().min() > 0
