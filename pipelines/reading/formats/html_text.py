"""Read the visible text of HTML elements: white space as a browser folds it, and what is raised, struck or hidden."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, NamedTuple

_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|mso-hide\s*:\s*all"
    r"|(?<![\w-])(?:opacity|font-size)\s*:\s*0+(?:\.0*)?(?![\d.])",
    re.IGNORECASE,
)
_STRUCK = re.compile(r"text-decoration(?:-line)?\s*:[^;]*line-through", re.IGNORECASE)
_STRUCK_TAGS = ("del", "s", "strike")
_STYLE_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_CLASS = re.compile(r"(?:^|[\s,>])(?:\w+)?\.([\w-]+)(?=\s*(?:,|$))")
"""Class at the end of a selector of a style sheet, such as `.xl65` or `td.old`."""
_RAISED = re.compile(r"vertical-align\s*:\s*super", re.IGNORECASE)
SPACES = re.compile(r"[ \t\r\n\f]+")
UNSEEN = {"script", "style", "template", "noscript", "head"}
_BLOCKS = {"p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol"}


class VisibleText:
    """Visible text of an element, white space folded as a browser does, with raised type separate.

    `struck` is what is struck through, deleted or hidden in it.
    """

    def __init__(self, element: Any, styles: Styles, *, is_struck: bool = False) -> None:
        self.styles = styles
        self.marks: str | None = None
        self.struck: str | None = None
        if not len(element) and not is_struck:  # most cells hold only text, which needs no walk
            self.text = fold_line(element.text or "")
            return
        self.plain: list[str] = []
        self.raised: list[str] = []
        self.removed: list[str] = []
        self._read_element(element, False, is_struck)
        self.text = _fold_spaces("".join(self.plain))
        self.marks = _fold_spaces("".join(self.raised)) or None
        self.struck = _fold_spaces("".join(self.removed)) or None
        if not self.text and self.marks:
            self.text, self.marks = self.marks, None

    def _read_element(self, element: Any, up: bool, is_struck: bool) -> None:
        target = self.removed if is_struck else self.raised if up else self.plain
        if element.text:
            target.append(SPACES.sub(" ", element.text))
        for child in element:
            tag = child.tag
            if isinstance(tag, str) and tag not in UNSEEN and tag != "table":
                is_removed = is_struck or self.styles.is_struck(child) or self.styles.is_hidden(child)
                if tag == "br":
                    target.append("\n")
                else:
                    if tag in _BLOCKS:
                        target.append("\n")
                    style = child.get("style")
                    is_raised = up or tag == "sup" or (style is not None and _RAISED.search(style) is not None)
                    self._read_element(child, is_raised, is_removed)
                    if tag in _BLOCKS:
                        target.append("\n")
            if child.tail:
                target.append(SPACES.sub(" ", child.tail))


@lru_cache(maxsize=4096)
def fold_line(text: str) -> str:
    """Fold white space as a browser does; small numbers repeat."""
    return SPACES.sub(" ", text).strip(" ")


def _fold_spaces(text: str) -> str:
    lines = [line.strip(" ") for line in text.split("\n")]
    return "\n".join(line for line in lines if line)


class Styles(NamedTuple):
    """Classes of the page's style sheets whose text is hidden, or struck through."""

    hidden: frozenset[str]
    struck: frozenset[str]

    def is_hidden(self, element: Any) -> bool:
        """Return True if an attribute, a class or the style of the element hides it."""
        return bool(element.keys()) and (
            element.get("hidden") is not None
            or _is_hiding(element.get("style", ""))
            or (bool(self.hidden) and not self.hidden.isdisjoint(element.get("class", "").split()))
        )

    def is_struck(self, element: Any) -> bool:
        """Return True if the element is struck through or deleted."""
        return element.tag in _STRUCK_TAGS or (
            bool(element.keys())
            and (
                _is_striking(element.get("style", ""))
                or (bool(self.struck) and not self.struck.isdisjoint(element.get("class", "").split()))
            )
        )

    def find_state(self, element: Any, top: Any) -> tuple[bool, bool]:
        """Return whether the element, or one that contains it up to `top`, is hidden, and whether one is struck."""
        is_hidden = is_struck = False
        while element is not None:
            is_hidden = is_hidden or self.is_hidden(element)
            is_struck = is_struck or self.is_struck(element)
            if element is top:
                break
            element = element.getparent()
        return is_hidden, is_struck


@lru_cache(maxsize=1024)
def _is_hiding(style: str) -> bool:
    return _HIDDEN.search(style) is not None


@lru_cache(maxsize=1024)
def _is_striking(style: str) -> bool:
    return _STRUCK.search(style) is not None


def read_styles(root: Any) -> Styles:
    """Return the classes that the style sheets of a page hide or strike through."""
    hidden: set[str] = set()
    struck: set[str] = set()
    for sheet in root.iter("style"):
        for selectors, declarations in _STYLE_RULE.findall(sheet.text or ""):
            for classes, pattern in ((hidden, _HIDDEN), (struck, _STRUCK)):
                if pattern.search(declarations):
                    classes.update(_CLASS.findall(selectors.strip()))
    return Styles(frozenset(hidden), frozenset(struck))
