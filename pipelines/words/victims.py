"""Put the victims of the region into a sentence."""

from __future__ import annotations

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.words import Row, figures, regions
from pipelines.words.language import lower_first, tell

_SENTENCE = mark("{area}, {period}, victims of {crime}: {value} ({status}). {coverage}")


def describe_victims(
    whole: Row, vocabulary: figures.Vocabulary, territories: int, absences: str, revised: Row | None = None
) -> str:
    """Return the sentence on the victims of the region: that of the page of its source, and who is not included.

    `territories` is how many the region has, `revised` the row of an earlier release that had another figure.
    """
    if regions.is_regional(whole):
        return f"{figures.describe_count(whole, vocabulary, revised, has_interval=True)} {absences}".strip()
    return tell(
        _SENTENCE,
        area=vocabulary.areas[whole["area"]],
        period=words.period_words(whole["period"]),
        crime=lower_first(vocabulary.find_label("offence_group", str(whole["offence_group"]))),
        value=tell(regions.NO_REGION),
        status=lower_first(vocabulary.find_label("victim_status", str(whole["victim_status"]))),
        coverage=regions.describe_cover(whole, territories, absences),
    )
