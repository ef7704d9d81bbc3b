"""Compose the pages that explain the figures: methodology with the glossary, and the accessibility statement."""

from __future__ import annotations

from collections.abc import Sequence

from pipelines import words
from pipelines.core.i18n import mark
from pipelines.front import glossary, pages, sentences
from pipelines.front.pages import Page
from pipelines.front.reader import Reader
from pipelines.publication.cooperation.cells import SMALLEST_WITHOUT_PARTNERS
from pipelines.statistics.thresholds import (
    ENOUGH_EVENTS,
    FEWEST_ON_ONE_SIDE,
    FEWEST_RESPONDENTS,
    FEWEST_TERRITORIES_IN_REGION,
    LARGEST_HIDDEN_COUNT,
    SMALLEST_PUBLISHED_COUNT,
)
from pipelines.words import durations, regions
from pipelines.words.language import tell

_SECTIONS: Sequence[tuple[str, str, Sequence[str]]] = (
    (
        "counted",
        mark("What is counted"),
        (
            mark("Each office counts the persons who reach a stage of proceedings in a period."),
            mark(
                "Trafficking in persons and smuggling of migrants are different crimes. They are never added together."
            ),
            mark("First-instance and final decisions are shown separately, because one person may have both."),
            sentences.NO_FUNNEL,
        ),
    ),
    (
        "periods",
        mark("Periods, totals and the region"),
        (
            mark(
                "A year is the office's own annual figure if it sent one. Otherwise it is the sum of the four quarters."
            ),
            mark("A year is never divided into quarters, and missing figures are never estimated."),
            mark(
                "The region is the sum of the territories that reported. No regional figure is shown if it would cover "
                "fewer than {fewest} territories."
            ),
            mark(
                "Rates are per 100,000 inhabitants in the period. If the population of a year is not known yet, the "
                "last known one is used and the figure is marked."
            ),
            sentences.NO_RANKING,
        ),
    ),
    (
        "certainty",
        mark("How sure a figure is"),
        (
            sentences.WHY_INTERVAL,
            mark(
                "Figures from fewer than {enough} people are marked and not compared: chance alone can change them a "
                "lot."
            ),
            sentences.CLEAR,
            mark("No change is tested across a break in the series."),
        ),
    ),
    (
        "protection",
        mark("How individuals are protected"),
        (
            mark(
                "Counts of 1 to {hidden} people in the returns of offices are never shown. For exchange between police "
                "forces and for joint teams, these are counts of 1 to {partners}."
            ),
            sentences.WITHHELD_WITH,
            mark(
                "If everybody in a total belongs to one group, for example if all victims are women, the figures by "
                "group are withheld and the total is shown. This does not apply to offences, to sentences, or if all "
                "are adults."
            ),
            mark(
                "If an office counts one case and several people in it, the number of people is withheld. Most "
                "offices do not count cases, so a figure of {shown} or more people may come from a single case."
            ),
            mark(
                "Some offices send a record of each case. If all the people in a figure are in one case by these "
                "records, the number of people is withheld."
            ),
            mark(
                "Cases pending at the start of a year, new cases, finished cases and cases pending at its end must add "
                "up. Each of them is therefore protected together with the others."
            ),
            mark(
                "Small counts are also protected from the offices that report: an office could subtract its own "
                "figures from a total. Larger counts and zeros that are withheld next to them are not: an office can "
                "work out some of them."
            ),
            mark(
                "Earlier releases stay public, so each release is protected together with all releases before it. A "
                "published figure that changes by 1 to {hidden} is withheld until it differs by more."
            ),
            mark(
                "Offices print their own annual totals. Nearly all of those of {shown} or more are therefore shown "
                "here, too. A reader who knows all printed totals can work out a few small counts; no release can "
                "prevent that."
            ),
            mark(
                "Only single counts are protected: the difference of two published counts, or the sum of several "
                "hidden ones, can be as small as a protected one."
            ),
            mark("Shares, rates and differences are calculated from published figures only."),
            sentences.PRACTITIONERS,
        ),
    ),
)
_STATES: Sequence[tuple[str, str]] = (
    (
        regions.NO_REGION,
        mark("Fewer than {fewest} territories have the figure, or its counts are not of the same territories."),
    ),
    (words.TOO_FEW, mark("The figure, or one of the counts behind it, is below {enough}.")),
    (
        mark("not compared"),
        mark(
            "One of the figures is missing, withheld or too few to compare, there is a break in the series between "
            "them, or they are not counted in the same way."
        ),
    ),
    (
        mark("not tested"),
        mark(
            "The change was not tested: there is a break in the series, or the two figures cover different territories "
            "or were calculated in different ways."
        ),
    ),
    (durations.NOT_REACHED, mark("Too few people have left the stage so far to say how long it takes.")),
    (durations.NO_RECORDS, mark("The office sends no case records, or none of this kind.")),
    (words.NOT_NAMED, words.WHY_NOT_NAMED),
    (mark("not due"), mark("Nothing is overdue, or the territory does not report for this kind of period.")),
    (mark("same territory"), mark("The territory that asks and the one that answers would be the same.")),
    (mark("date not found"), mark("We found no official date. The territory may still be bound by the treaty.")),
)
"""Words for a missing figure of the region, a missing comparison or a missing date, with what they mean."""
_ACCESSIBILITY: Sequence[tuple[str, Sequence[str]]] = (
    (
        mark("What you can do on these pages"),
        (
            mark("Read everything with a keyboard, with a screen reader and in print."),
            mark("Read all pages without scripts, except those for exploring the data."),
            mark("Enlarge the text to 400% without scrolling sideways, except within wide tables."),
            mark("Read each picture as a table with the same figures. Each picture also has a description."),
            mark("Use your own colours or greyscale: no information depends on colour alone."),
        ),
    ),
    (
        mark("What does not work yet"),
        (
            mark("The pages for exploring the data need scripts. All other pages can be read without scripts."),
            mark(
                "Some definitions, notes and titles of sources are not in the language of the page. Their language is "
                "marked for screen readers."
            ),
            mark("The translations have not been reviewed by native speakers yet."),
            mark("The downloadable files of a release are tables of codes. A list of codes comes with them."),
        ),
    ),
    (
        mark("How we test"),
        (
            mark("Automated checks test the pages against WCAG 2.2, level AA, in several languages and screen widths."),
            mark("People with disabilities have not tested the pages yet."),
        ),
    ),
    (
        mark("Report a problem"),
        (mark("If something on these pages is a barrier for you, please tell the regional secretariat."),),
    ),
)


def compose_methodology(reader: Reader) -> Page:
    """Return the page on methods, with the words for missing figures and the glossary."""
    numbers = {
        "enough": ENOUGH_EVENTS,
        "hidden": LARGEST_HIDDEN_COUNT,
        "partners": SMALLEST_WITHOUT_PARTNERS - 1,
        "shown": SMALLEST_PUBLISHED_COUNT,
        "fewest": FEWEST_TERRITORIES_IN_REGION,
        "respondents": FEWEST_RESPONDENTS,
        "people": FEWEST_ON_ONE_SIDE,
    }
    title = tell("Methodology and glossary")
    lead = tell("How to read the figures: what is counted, how sure it is, and what the words mean.")
    return Page(
        pages.name_file(pages.METHODOLOGY),
        "methodology.html",
        pages.METHODOLOGY,
        title,
        lead,
        lead=lead,
        values={
            "sections": [
                (anchor, tell(heading), [tell(text, **numbers) for text in texts])  # marked in _SECTIONS
                for anchor, heading, texts in _SECTIONS
            ],
            "legend": [
                *words.LEGEND.values(),
                *((tell(state), tell(text, **numbers)) for state, text in _STATES),  # marked in _STATES
            ],
            "glossary": [(code, name, text) for code, (name, text, _) in glossary.TERMS.items()],
            "names": [(reader.footnote_mark(code), reader.area_name(code)) for code in reader.edition.territories],
            "explore": reader.link_to_explorer("about"),
        },
    )


def compose_accessibility(reader: Reader) -> Page:
    """Return the accessibility statement."""
    del reader
    title = tell("Accessibility statement")
    lead = tell("Everybody should be able to read and use these pages.")
    return Page(
        pages.name_file(pages.ACCESSIBILITY),
        "accessibility.html",
        pages.ACCESSIBILITY,
        title,
        lead,
        lead=lead,
        values={
            "sections": [
                (tell(heading), [tell(text) for text in texts])  # marked in _ACCESSIBILITY
                for heading, texts in _ACCESSIBILITY
            ]
        },
    )
