"""Render pages that are not part of a release: a page that is not found, and the page of one figure.

They have the look of the static pages in one small style sheet of their own, since an address that is not known has no
release whose style sheet it could use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Final

from dashboards.public.menu import SITE
from pipelines.core.i18n import html_lang, language_names
from pipelines.words.language import tell

STYLE: Final = (
    'body{font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;color:#1f2a37;margin:0;'
    "overflow-wrap:anywhere}"
    ".head,main,.note{padding:.6rem max(1rem,calc((100% - 80rem)/2))}"
    "main>*{max-width:50rem}"
    ".note{background:#fff4d6;border-bottom:2px solid #c98a00;color:#4a3500;padding-block:.4rem;font-weight:600;"
    "margin:0}"
    ".head{background:#1d4f7c;display:flex;flex-wrap:wrap;gap:.4rem 1.5rem;align-items:center;"
    "justify-content:space-between}.head a{color:#fff;font-weight:700;font-size:1.15rem;text-decoration:none}"
    ".head a:hover{text-decoration:underline}.head a:focus-visible{outline-color:#ffd58a}"
    "h1{font-size:1.8rem;line-height:1.2;margin:.8rem 0 .5rem}h2{font-size:1.35rem;margin:1.6rem 0 .6rem}"
    "a{color:#1d4f7c;text-underline-offset:3px;display:inline-block;min-height:24px}"
    "a:focus-visible{outline:3px solid #b35900;outline-offset:2px}"
    "ul{padding-left:1.2rem}li{margin:.25rem 0}"
    ".languages{display:flex;flex-wrap:wrap;gap:.2rem 1rem;list-style:none;padding:0;margin:0}"
    ".languages li{margin:0}.languages a{font-weight:400;font-size:1rem;text-decoration:underline}"
    ".languages a[aria-current]{font-weight:700;text-decoration-thickness:2px;text-underline-offset:4px}"
    ".pages{background:#f3f5f8;border-bottom:1px solid #d5dae1;padding:.2rem max(1rem,calc((100% - 80rem)/2))}"
    ".pages ul{display:flex;flex-wrap:wrap;gap:0 1.2rem;list-style:none;padding:0;margin:0}.pages li{margin:0}"
    ".pages a{padding:.5rem 0;text-decoration:none}.pages a:hover{text-decoration:underline}"
    ".skip{position:absolute;left:-999rem}"
    ".skip:focus{left:1rem;top:.5rem;z-index:1;background:#fff;padding:.4rem .8rem}"
    "main:focus{outline:none}"
    ".foot{border-top:1px solid #d5dae1;margin-top:2rem;padding:.6rem max(1rem,calc((100% - 80rem)/2));color:#4d5866;"
    "font-size:.9rem}.foot ul{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;list-style:none;padding:0}.foot li{margin:0}"
    "dl div{display:grid;grid-template-columns:minmax(8rem,14rem) 1fr;gap:1rem;padding:.3rem 0;"
    "border-bottom:1px solid #d5dae1}dt{color:#4d5866}dd{margin:0}"
    "@media(max-width:640px){h1{font-size:1.45rem}h2{font-size:1.2rem}dl div{grid-template-columns:1fr;gap:0}"
    ".pages ul{display:grid;grid-template-columns:1fr 1fr}}"
)
"""A content policy may name its digest."""


def render_plain_page(
    tag: str,
    title: str,
    body: str,
    *,
    heading: str,
    note: str = "",
    navigation: Sequence[tuple[str, str]] = (),
    find_address: Callable[[str], str] = lambda tag: f"/{tag}/",
    foot: str = "",
) -> str:
    """Return a document in a language: a link to the static pages, a choice of languages, a heading, a body of HTML.

    `note` is shown above everything, such as that figures are invented. `navigation` are the texts and addresses of the
    main pages, for a menu below the head. `find_address` returns the address of a page in another language: the first
    static page unless given. `foot` is HTML for the foot.
    """
    footer = f'<footer class="foot">{foot}</footer>' if foot else ""
    above = f'<p class="note" role="note">{escape(note)}</p>' if note else ""
    return (
        f'<!doctype html><html lang="{tag}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f'<body><a class="skip" href="#content">{escape(tell("Skip to the content"))}</a>'
        f'<header>{above}<div class="head"><a href="/{tag}/">{escape(tell(SITE))}</a>'
        f"{_render_languages(tag, find_address)}</div></header>{_render_navigation(navigation)}"
        f'<main id="content" tabindex="-1"><h1>{escape(heading)}</h1>{body}</main>{footer}</body></html>'
    )


def _render_navigation(links: Sequence[tuple[str, str]]) -> str:
    """Return the menu of the main pages; nothing without links."""
    items = "".join(f'<li><a href="{escape(href, quote=True)}">{escape(text)}</a></li>' for text, href in links)
    label = escape(tell("Pages"), quote=True)
    return f'<nav class="pages" aria-label="{label}"><ul>{items}</ul></nav>' if items else ""


def _render_languages(tag: str, find_address: Callable[[str], str]) -> str:
    """Return links to a page in each language."""
    items = ""
    for code, name in language_names().items():
        lang = html_lang(code)
        chosen = ' aria-current="true"' if lang == tag else ""
        address = escape(find_address(lang), quote=True)
        items += f'<li><a href="{address}" lang="{lang}" hreflang="{lang}"{chosen}>{escape(name)}</a></li>'
    label = escape(tell("Language"), quote=True)
    return f'<nav aria-label="{label}"><ul class="languages">{items}</ul></nav>'


def render_foot(contact: str, links: Sequence[tuple[str, str]] = ()) -> str:
    """Return what the foot of every page has as HTML: how to report a mistake, and links (text, address)."""
    items = "".join(f'<li><a href="{escape(href, quote=True)}">{escape(text)}</a></li>' for text, href in links)
    return f"<p>{invite_questions(contact)}</p>{f'<ul>{items}</ul>' if items else ''}"


def invite_questions(contact: str) -> str:
    """Return the line on how to report a mistake as HTML, with the contact of the secretariat if one is set."""
    text = tell("Have you found a mistake, or is a figure missing? Please tell the regional secretariat.")
    return f"{escape(text)} {link_contact(contact)}".strip()


def link_contact(contact: str) -> str:
    """Return the contact as HTML: a link if it is an address of mail or of a page."""
    if re.fullmatch(r"[^\s@]+@[^\s@]+", contact):
        return f'<a href="mailto:{escape(contact)}">{escape(contact)}</a>'
    if re.fullmatch(r"https?://\S+", contact):
        return f'<a href="{escape(contact)}">{escape(contact)}</a>'
    return escape(contact)
