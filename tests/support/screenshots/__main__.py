"""Take pictures of every page: `python -m tests.support.screenshots [--part public|office|all] [--home HOME]`.

The public part takes each static page of the current release, the calendar, a page that is not found, and each page to
explore figures at 320, 768, 1280 and 1920 pixels, in English, Macedonian and Albanian. The office part takes every
page of the offices at 360 and 1280 pixels, in English and Macedonian, with and without scripts.
`--only` takes the pages whose path has a pattern; `--languages` and `--widths` replace those of the part.
Run by `make screenshots`; look at the pictures one by one.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pipelines.core import i18n
from pipelines.warehouse.dbt_cache import cache_folder
from tests.support.screenshots.office_part import take_office_pages
from tests.support.screenshots.public_part import take_public_pages

PARTS = {"public": take_public_pages, "office": take_office_pages}


def main() -> int:
    """Take the pictures of the chosen parts; return 1 if they cannot be taken."""
    parser = argparse.ArgumentParser(description="Screenshots of every page.")
    parser.add_argument("--part", choices=[*PARTS, "all"], default="all")
    parser.add_argument("--home", type=Path, default=Path(os.environ.get("RTI_HOME", "data")), help="a built home")
    parser.add_argument("--folder", type=Path, default=cache_folder().with_name("screenshots"))
    parser.add_argument("--languages", nargs="*", choices=i18n.list_languages())
    parser.add_argument("--widths", nargs="*", type=int, help="pixels, in place of those of the part")
    parser.add_argument("--only", default="", help="pattern of the paths, such as 'victims|/index' or '^/answer'")
    options = parser.parse_args()
    for part, take_pages in PARTS.items():
        if options.part in (part, "all"):
            folder = options.folder / part
            try:
                number = take_pages(options.home, folder, options.languages, options.widths, options.only)
            except RuntimeError as error:
                print(error, file=sys.stderr)
                return 1
            print(f"{number} screenshots in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
