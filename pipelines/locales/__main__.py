"""`python -m pipelines.locales [FILE]`: write the template (`rti.pot`) of all source texts of findings."""

from __future__ import annotations

import sys
from pathlib import Path

from pipelines import locales


def write_template(path: Path) -> int:
    """Write the template; returns how many texts it holds. No date is written: the same texts give the same file."""
    from datetime import UTC, datetime

    from babel.messages.catalog import Catalog
    from babel.messages.pofile import write_po

    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    catalogue = Catalog(domain=locales.DOMAIN, project="rti", charset="utf-8", creation_date=epoch, revision_date=epoch)
    for text, comment in locales.sources():
        if text:
            catalogue.add(text, auto_comments=[comment])
    with path.open("wb") as handle:
        write_po(handle, catalogue, omit_header=False, sort_output=True, width=100)
    return len(catalogue)


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else locales.FOLDER / f"{locales.DOMAIN}.pot"
    print(f"{write_template(target)} texts in {target}")
