"""Explain the terms of the glossary at their first use on a page.

The explanation is a link to the glossary with a short text that shows while the link has the focus or the pointer.
Without the script of the pages the text pushes the others down, so that it hides nothing; with it, the text covers
others and Escape closes it (WCAG 1.4.13).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipelines.core.i18n import mark
from pipelines.design.components import Markup, Part
from pipelines.words import language

TERMS: Mapping[str, tuple[str, ...]] = language.Texts(
    {
        "reported": (
            mark("Reported"),
            mark("A criminal report reached the prosecutor in the period."),
            mark("criminal report|criminal reports"),
        ),
        "investigated": (
            mark("Investigated"),
            mark("An order to investigate was issued in the period."),
            mark("investigated|investigation"),
        ),
        "indicted": (
            mark("Indicted"),
            mark("An indictment was filed with a court in the period."),
            mark("indicted|indictment|indictments"),
        ),
        "adjudicated": (
            mark("Adjudicated"),
            mark("A court decided on the charge: conviction, acquittal, rejection or discontinuance."),
            mark("adjudicated|adjudication"),
        ),
        "convicted": (
            mark("Convicted"),
            mark("A court found the person guilty."),
            mark("convicted|conviction|convictions"),
        ),
        "sentenced": (mark("Sentenced"), mark("A court imposed a sanction."), mark("sentenced")),
        "resolved": (
            mark("Resolved"),
            mark("The proceedings ended at this level, by a decision or in another way."),
            mark("resolved"),
        ),
        "first": (
            mark("First instance"),
            mark("The first decision of a court, which can still be appealed."),
            mark("first instance|first-instance"),
        ),
        "final": (
            mark("Final decision"),
            mark("A decision that can no longer be appealed."),
            mark("final decision|final decisions"),
        ),
        "interval": (
            mark("95% confidence interval"),
            mark("The range in which the underlying level probably lies, if only chance is considered."),
            mark("95% confidence interval|95% confidence intervals"),
        ),
        "territory": (
            mark("Territory"),
            mark("One of the areas of the region that are compared with each other."),
            mark("territory|territories"),
        ),
        "jurisdiction": (
            mark("Jurisdiction"),
            mark("A part of a territory that reports separately."),
            mark("jurisdiction|jurisdictions"),
        ),
        "return": (
            mark("Return"),
            mark("A file in which an office reports its counts for a period."),
            mark("return|returns"),
        ),
        "nil": (
            mark("Nil return"),
            mark("A confirmation by an office that there was nothing to report."),
            mark("nil return|nil returns"),
        ),
        "provisional": (mark("Provisional"), mark("May be revised in a later release."), mark("provisional")),
        "break": (
            mark("Break in the series"),
            mark("A change of law or counting. Figures from before and after it are not comparable."),
            mark("break in the series|breaks in the series"),
        ),
        "release": (
            mark("Release"),
            mark("One public edition of all figures, which never changes."),
            mark("release|releases"),
        ),
    }
)
"""Terms of the glossary: name, explanation, and the forms in which sentences have it, separated by bars."""
_TERM = Markup(
    '<span class="front-term"><a href="{page}#term-{code}" aria-describedby="about-{code}">{form}</a>'
    '<span class="front-about" role="tooltip" id="about-{code}">{text}</span></span>'
)


class Explainer:
    """Explain each term once, where a page has it first; the texts must be passed in the order of the page."""

    def __init__(self, page: str) -> None:
        """Prepare the explanations of one page in the reader's language; `page` is the file of the glossary."""
        self.page = page
        self._unused = {code: (forms.split("|"), text) for code, (_, text, forms) in TERMS.items()}

    def __call__(self, text: Part) -> Part:
        """Return a text with the terms in it that were not explained before. HTML is returned as it is."""
        if isinstance(text, Markup) or not text:
            return text
        places: dict[int, tuple[int, str]] = {}
        for code, (forms, _) in self._unused.items():
            # The longest form first, so that "nil return" is not taken for "return".
            alternatives = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
            match = re.search(rf"(?<![\w-])(?:{alternatives})(?![\w-])", text, re.IGNORECASE)
            if match and match.end() > places.get(match.start(), (0, ""))[0]:
                places[match.start()] = (match.end(), code)
        parts, end = [], 0
        for start, (stop, code) in sorted(places.items()):
            if start < end:
                continue
            explanation = self._unused.pop(code)[1]
            term = _TERM.format(page=self.page, code=code, form=text[start:stop], text=explanation)
            parts += [text[end:start], term]
            end = stop
        return Markup("").join([*parts, text[end:]]) if parts else text
