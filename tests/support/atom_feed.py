"""The rules of RFC 4287 for Atom feeds, for tests of the feed of releases."""

from __future__ import annotations

import re

from lxml import etree

ATOM = "{http://www.w3.org/2005/Atom}"
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
"""Date of RFC 3339 as RFC 4287 3.3 narrows it: with capital letters."""


def list_feed_faults(content: bytes) -> list[str]:
    """Return departures from RFC 4287 in a feed (4.1.1), its entries (4.1.2) and their categories (4.2.2)."""
    feed = etree.fromstring(content)
    faults = [] if feed.tag == f"{ATOM}feed" else ["the document element is not a feed"]
    for part in (feed, *feed.findall(f"{ATOM}entry")):
        name = "feed" if part is feed else f"entry {part.findtext(f'{ATOM}title')}"
        for element in ("id", "title", "updated"):
            faults += [f"{name}: not one {element}"] * (len(part.findall(f"{ATOM}{element}")) != 1)
        faults += [f"{name}: no date"] * (re.fullmatch(MOMENT, part.findtext(f"{ATOM}updated", "")) is None)
        faults += [f"{name}: id is not an IRI"] * (
            re.match(r"[a-z][a-z0-9+.-]*:\S+$", part.findtext(f"{ATOM}id", "")) is None
        )
        links = [link for link in part.findall(f"{ATOM}link") if link.get("rel", "alternate") == "alternate"]
        if part is feed:
            faults += ["feed: no link to itself"] * (part.find(f"{ATOM}link[@rel='self']") is None)
            faults += ["feed: no author with a name"] * (not part.findtext(f"{ATOM}author/{ATOM}name"))
        else:
            faults += [f"{name}: neither content nor one alternate link"] * (
                len(links) != 1 or not links[0].get("href")
            )
            faults += [f"{name}: more than one summary"] * (len(part.findall(f"{ATOM}summary")) > 1)
        faults += [f"{name}: a category without a term" for c in part.findall(f"{ATOM}category") if not c.get("term")]
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    return faults + ["two entries have one id"] * (len(ids) != len(set(ids)))
