"""Let a reader keep the crime: its pages link to versions of the pages about both crimes whose links keep it too.

A version for a crime has the contents of the page, an address of its own and links of its own. Search engines list the
page itself only, and citations have its address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from pipelines.front.pages import Page, name_file
from pipelines.front.queries import CRIMES

_LINK: Final = re.compile(r'href="([a-z0-9-]+\.html|/[^"?#]+\.html)')
"""A link to a page. It begins with its longest fixed part, for which texts are searched fastest."""
_FILE: Final = re.compile(
    r'(?<=["/])([a-z0-9-]+\.html)(?=["?#<])|(?<=["/])([a-z0-9-]+)(?=\.[a-z0-9-]+\.(?:csv|xlsx)["?])'
)
"""The file of a page in any address, or the page of a file that is made of one of its tables."""
_EXPLORER: Final = re.compile(r'href="/[a-z]+\?(?![^"]*\bcrime=)')
"""The start of a link to the explorer without a crime."""
_CITATION: Final = re.compile(r'(<p class="front-citation".*?</p>)', re.DOTALL)
_ALTERNATES: Final = re.compile(r'<link rel="alternate"[^>]*>\n')


@dataclass(frozen=True)
class CrimeLinks:
    """How the pages of a release link to each other.

    `crimes` are those that have pages. `shared` are the files of the pages about both crimes, `of_crimes` those of the
    first crime to which a page about both links, by the crimes that have such a page.
    """

    crimes: Sequence[str]
    shared: Sequence[str]
    of_crimes: Mapping[str, Sequence[str]]

    @cached_property
    def _to_shared(self) -> Mapping[str, Mapping[str, str]]:
        return {crime: {file: name_version(file, crime) for file in self.shared} for crime in self.crimes}

    @cached_property
    def _to_all(self) -> Mapping[str, Mapping[str, str]]:
        return {
            crime: {
                **self._to_shared[crime],
                **{file: name_version(file, crime) for file, having in self.of_crimes.items() if crime in having},
            }
            for crime in self.crimes
        }

    def keep_crime(self, text: str, page: Page) -> str:
        """Return a page as HTML whose links keep its crime; a page about both crimes keeps the first one."""
        crime = page.crime or self._first
        if crime == self._first:
            return _name_crime(text, crime)
        files = self._to_shared.get(crime, {})

        def write_link(link: re.Match[str]) -> str:
            folder, slash, file = link[1].rpartition("/")
            return f'href="{folder}{slash}{files.get(file, file)}'

        return _name_crime(_LINK.sub(write_link, text), crime)

    def write_version(self, text: str, page: Page, crime: str) -> str:
        """Return the version of a page about both crimes for another crime than the first."""
        listed = f'<link rel="canonical" href="{page.file}">\n</head>'
        files = self._to_all[crime]

        def write_file(part: re.Match[str]) -> str:
            if part[1]:
                return files.get(part[1], part[1])
            return files.get(f"{part[2]}.html", part[2]).removesuffix(".html")

        # The citation of a page has one address for all crimes.
        parts = _CITATION.split(_ALTERNATES.sub("", text))
        version = "".join(part if place % 2 else _FILE.sub(write_file, part) for place, part in enumerate(parts))
        return _name_crime(version, crime).replace("</head>", listed, 1)

    @property
    def other_crimes(self) -> Sequence[str]:
        """Return the crimes that have versions of the pages about both."""
        return [crime for crime in self.crimes if crime != self._first]

    @property
    def _first(self) -> str:
        return CRIMES[0]


def name_version(file: str, crime: str) -> str:
    """Return the file of a page for a crime; `file` is that of the first crime, or of the page about both."""
    return name_file(file.removesuffix(".html"), crime)


def _name_crime(text: str, crime: str) -> str:
    """Return HTML with a crime in those addresses of the explorer that lack one."""
    return _EXPLORER.sub(lambda start: f"{start[0]}crime={crime}&amp;", text)
