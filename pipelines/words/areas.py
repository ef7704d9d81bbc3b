"""Name the areas of a release, with the footnotes of their names, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pipelines.core.i18n import SOURCE_LANGUAGE, mark
from pipelines.words import Row
from pipelines.words.language import current_language, tell

REGION_NAME = mark("Western Balkans")
"""Name of the region in a release, unless the installation has another."""
_NAME_TAGS: Mapping[str, Sequence[str]] = {
    "sq": ("sq",),
    "bs": ("bs", "sr-Latn"),
    "hr": ("hr", "bs", "sr-Latn"),
    "mk": ("mk",),
    "sr": ("sr-Cyrl",),
    "sr-Latn": ("sr-Latn", "bs"),
    "cnr": ("cnr-Latn", "bs", "sr-Latn"),
}
"""Languages of names of areas to use in a language, the best first; English if the release has none of them."""

FOOTNOTE_MARKS = ("*", "†", "‡", "§")


def assign_footnote_marks(areas: Iterable[str]) -> dict[str, str]:
    """Return the mark of the footnote of each of these areas, which have one and are in the order of their names."""
    return {area: FOOTNOTE_MARKS[place % len(FOOTNOTE_MARKS)] for place, area in enumerate(areas)}


def mark_mention(text: str, name: str, mark: str) -> str:
    """Return a text with the mark of a footnote after the first place where it has a name.

    A text may have only the first word of the name, and languages change its end: "Kosova", "Kosovën".
    """
    first_word = name.partition(" ")[0]
    pattern = re.escape(name) if name in text else rf"\b{re.escape(first_word[:-1])}\w*"
    return re.sub(pattern, lambda match: match[0] + mark, text, count=1)


def name_areas(areas: Iterable[Row], names: Iterable[Row]) -> dict[str, Row]:
    """Return the areas by code, with `name` and `footnote` in the reader's language.

    `names` are the declared names by area and language. An area that has no name in the language keeps its English one.
    `areas` are in the order of their English names; in other languages, territories are in the order of their own
    names, each together with its parts.
    """
    declared = {(row["area"], row["language"]): row["name"] for row in names}
    tags = _NAME_TAGS.get(current_language(), ())
    areas_by_code: dict[str, Row] = {}
    for row in areas:
        code = row["area"]
        name = next((declared[code, tag] for tag in tags if (code, tag) in declared), None)
        # The name of the region is marked above, footnotes are marked where they are declared.
        text = tell(row["name_en"]) if name is None else name  # marked above
        areas_by_code[code] = {**row, "name": text, "footnote": tell(row["footnote_en"] or "")}  # marked where declared
    if current_language() == SOURCE_LANGUAGE:
        return areas_by_code

    def find_place(code: str) -> tuple[bool, str]:
        row = areas_by_code[code]
        territory = areas_by_code.get(str(row["territory"]), row)
        return row["area_kind"] != "region", str(territory["name"]).casefold()

    return {code: areas_by_code[code] for code in sorted(areas_by_code, key=find_place)}
