"""Maintain the catalogues: `python -m pipelines.translation [template [FILE] | update | status | check]`.

`template` (the default) writes all texts to `rti.pot`; `update` merges new texts into every catalogue and updates
`REVIEW.md`; `status` counts translated and reviewed texts; `check` exits with 1 if a catalogue lacks a text, has one
that is marked as fuzzy, is no longer used or has different placeholders, or if `REVIEW.md` is out of date. `make lint`
runs it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.core import i18n
from pipelines.translation import catalogues, review
from pipelines.translation.extraction import ExtractionError, SourceText, gather_texts


def write_template(path: Path) -> int:
    """Write the template of all texts; return their number."""
    return catalogues.write_template(path, gather_texts())


def _update(texts: Sequence[SourceText]) -> int:
    for language in catalogues.PLURALS:
        catalogues.update_catalogue(language, texts)
    review.PATH.write_text(review.update_table(review.PATH.read_text("utf-8"), list(catalogues.PLURALS)), "utf-8")
    return _status(texts)


def _status(texts: Sequence[SourceText]) -> int:
    for language in catalogues.PLURALS:
        counts = catalogues.count_translations(language, texts)
        print(f"{language}: {counts.translated} of {counts.texts} translated, {counts.reviewed} reviewed")
    return 0


def _check(texts: Sequence[SourceText]) -> int:
    faults = [str(fault) for language in catalogues.PLURALS for fault in catalogues.find_faults(language, texts)]
    page = review.PATH.read_text("utf-8")
    if review.update_table(page, list(catalogues.PLURALS)) != page:
        faults.append(f"{review.PATH.name} is out of date")
    print("\n".join([*faults, f"Faults: {len(faults)}. 'update' merges new texts." if faults else "No faults."]))
    return 1 if faults else 0


def main(arguments: Sequence[str]) -> int:
    """Run a command and return its exit code: 3 for an unknown command, 1 if texts cannot be extracted."""
    word = arguments[0] if arguments else "template"
    if word not in {"template", "update", "status", "check"}:
        print(__doc__, file=sys.stderr)
        return 3
    try:
        texts = gather_texts()
    except ExtractionError as error:
        print(error, file=sys.stderr)
        return 1
    if word == "template":
        path = Path(arguments[1]) if len(arguments) > 1 else i18n.FOLDER / f"{i18n.DOMAIN}.pot"
        print(f"{catalogues.write_template(path, texts)} texts in {path.name}")
        return 0
    return {"update": _update, "status": _status, "check": _check}[word](texts)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
