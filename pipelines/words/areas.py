"""Name the areas of a release, with the footnotes of their names, in the reader's language."""

from __future__ import annotations

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
