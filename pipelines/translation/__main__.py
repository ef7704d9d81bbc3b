"""`python -m pipelines.core.i18n [template [FILE] | update | status | check]`: keeping of the catalogues.

`template` (also without a word) writes all texts to `rti.pot`; `update` merges new texts into every catalogue and
brings `REVIEW.md` up to date; `status` counts; `check` exits 1 where a catalogue lacks a text, has one too many, has
unequal placeholders, or where `REVIEW.md` is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.core import i18n
from pipelines.translation import catalogues, review
from pipelines.translation.extraction import ExtractionError, Text, gather


def write_template(path: Path) -> int:
    """Write the template of all texts; returns how many it holds."""
    return catalogues.write_template(path, gather())


def _update(texts: Sequence[Text]) -> int:
    for language in catalogues.PLURALS:
        catalogues.update(language, texts)
    review.PATH.write_text(review.with_table(review.PATH.read_text("utf-8"), list(catalogues.PLURALS)), "utf-8")
    return _status(texts)


def _status(texts: Sequence[Text]) -> int:
    for language in catalogues.PLURALS:
        now = catalogues.status(language, texts)
        print(f"{language}: {now.translated} of {now.texts} translated, {now.reviewed} reviewed")
    return 0


def _check(texts: Sequence[Text]) -> int:
    faults = [str(fault) for language in catalogues.PLURALS for fault in catalogues.check(language, texts)]
    page = review.PATH.read_text("utf-8")
    if review.with_table(page, list(catalogues.PLURALS)) != page:
        faults.append(f"{review.PATH.name} is out of date")
    print("\n".join([*faults, f"{len(faults)} faults; 'update' merges what is new." if faults else "All whole."]))
    return 1 if faults else 0


def main(arguments: Sequence[str]) -> int:
    """Do one of the four; returns the exit code (3 for an unknown word, 1 for texts that cannot be extracted)."""
    word = arguments[0] if arguments else "template"
    if word not in {"template", "update", "status", "check"}:
        print(__doc__, file=sys.stderr)
        return 3
    try:
        texts = gather()
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
