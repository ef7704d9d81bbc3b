"""Build the static pages of a release: all pages in all languages, the same bytes for the same tables and code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment

from pipelines import words
from pipelines.core import i18n
from pipelines.core.spawned import open_pool
from pipelines.design.components import Part
from pipelines.design.environment import make_environment
from pipelines.dissemination.files import measure_files
from pipelines.front import pages
from pipelines.front.assets import write_assets
from pipelines.front.crime_links import CrimeLinks, name_version
from pipelines.front.edition import Edition
from pipelines.front.glossary import Explainer
from pipelines.front.pages import Page, cooperation, joint_teams, monitoring, sentencing, victims
from pipelines.front.pages import cooperation_breakdowns as breakdowns
from pipelines.front.pages.calendar import CALENDAR, ReleaseRecord, compose_calendar
from pipelines.front.pages.data import compose_data
from pipelines.front.pages.home import compose_home
from pipelines.front.pages.indicators import compose_index, compose_indicators
from pipelines.front.pages.law import compose_articles, compose_law
from pipelines.front.pages.methodology import compose_accessibility, compose_methodology
from pipelines.front.pages.practice import compose_practice, compose_theme, list_themes, name_theme_file
from pipelines.front.pages.quality import compose_quality
from pipelines.front.pages.release_changes import compose_release_changes
from pipelines.front.pages.releases import CHANGES, compose_releases
from pipelines.front.pages.territories import compose_comparison, compose_profile
from pipelines.front.pictures import PictureFile
from pipelines.front.queries import CRIMES, read_tables
from pipelines.front.reader import Reader, open_reader
from pipelines.front.tables import name_language
from pipelines.publication.releases.changes import ReleaseComparison
from pipelines.words import language
from pipelines.words.language import tell
from pipelines.words.line_breaks import keep_page_whole, unbroken_fields, unbroken_phrases

FOLDER: Final = "pages"
"""Folder of the pages in a release, with one folder for each language."""
_HERE: Final = Path(__file__).parent
_NAMESPACE: Final = ' xmlns="http://www.w3.org/2000/svg"'
"""Attribute of pictures that a file needs and HTML does not."""
_MOST_ROWS: Final = 250_000
"""Most rows of a release that several processes hold at once: fifteen times those of the demonstration."""


@dataclass(frozen=True)
class Language:
    """A language of the pages: its code, its tag in HTML and addresses, and its own name."""

    code: str
    lang: str
    name: str


def list_languages() -> list[Language]:
    """Return the languages of the pages, in the order of the language menu."""
    return [Language(code, i18n.html_lang(code), name) for code, name in i18n.language_names().items()]


@dataclass(frozen=True, slots=True)
class _Order:
    """Pages to write: their release and folder, the names of the style sheet and the script, the languages of the menu,
    the sizes of data files, and the languages to write."""

    release: Path
    target: Path
    style: str
    script: str
    menu: Sequence[Language]
    sizes: Mapping[str, int]
    languages: Sequence[Language]


def build_front(release: Path, target: Path, languages: Sequence[Language] | None = None, *, processes: int = 1) -> int:
    """Write the pages of the release in the folder `release` to the folder `target`; return how many there are.

    `target` must not exist. Nothing but the database of the release is read. At most so many processes, of which this
    is one, take the languages; the pages do not depend on their number.
    """
    sizes = measure_files(release)  # before the tables are read, so that both are never in memory together
    edition = Edition(read_tables(release))
    target.mkdir(parents=True)
    style, script = write_assets(target)
    menu = list_languages()
    chosen = languages or menu
    n_shares = min(processes, len(chosen)) if edition.n_rows <= _MOST_ROWS else 1
    share, *others = (
        _Order(release, target, style, script, menu, sizes, chosen[place::n_shares]) for place in range(n_shares)
    )
    if not others:
        return _write_pages(edition, share)
    with open_pool(len(others)) as pool:
        written = [pool.submit(_read_and_write_pages, order) for order in others]
        return _write_pages(edition, share) + sum(n_pages.result() for n_pages in written)


def _read_and_write_pages(order: _Order) -> int:
    """Write pages as `_write_pages` does, in a process that has not read the release."""
    return _write_pages(Edition(read_tables(order.release)), order)


def _write_pages(edition: Edition, order: _Order) -> int:
    """Write all pages in some languages, each in its folder; return how many there are."""
    writer = _Writer(edition, order.style, order.script, order.menu)
    n_pages = 0
    for chosen in order.languages:
        folder = order.target / chosen.lang
        folder.mkdir()
        with language.read_in(chosen.code):
            reader = open_reader(edition, chosen.code)
            links = plan_links(reader)
            for page in compose_pages(reader, order.sizes):
                for file, text in _list_versions(writer.render_page(page, reader), page, links):
                    (folder / file).write_text(text, encoding="utf-8", newline="\n")
                    n_pages += 1
                _write_pictures(page, reader, folder)
    return n_pages


def _list_versions(text: str, page: Page, links: CrimeLinks) -> Iterator[tuple[str, str]]:
    """Yield the file and the HTML of a page, then those of its versions for other crimes than the first."""
    yield page.file, links.keep_crime(text, page)
    for crime in links.other_crimes if not page.crime else ():
        yield name_version(page.file, crime), links.write_version(text, page, crime)


def render_calendar(release: Path, code: str, record: ReleaseRecord, crime: str = "") -> str:
    """Return the page of the release calendar in a language, with the frame of a release and links for a crime."""
    return _render_on_request(release, code, lambda reader: compose_calendar(reader, record), crime)


def render_changes(
    release: Path, code: str, comparison: ReleaseComparison, older: str, earlier: Sequence[str], crime: str = ""
) -> str:
    """Return the page of the changes between the release `older` and a release in a language.

    `earlier` are the releases that can be chosen, newest first.
    """
    return _render_on_request(
        release, code, lambda reader: compose_release_changes(reader, comparison, older, earlier), crime
    )


def _render_on_request(release: Path, code: str, compose: Callable[[Reader], Page], crime: str) -> str:
    """Return a page that is not part of a release, with the frame of that release.

    Its links keep a crime if the release has pages for it: one of earlier software has not.
    """
    edition = Edition(read_tables(release))
    style, script = (
        next(path.name for path in (release / FOLDER).glob(pattern)) for pattern in ("style-*", "script-*")
    )
    with language.read_in(code):
        reader = open_reader(edition, code)
        page, links = compose(reader), plan_links(reader)
        text = _Writer(edition, style, script, list_languages()).render_page(page, reader)
    written = release / FOLDER / reader.lang / name_version(pages.name_file(pages.RELEASES), crime)
    if crime in links.other_crimes and written.is_file():
        return links.write_version(text, page, crime)
    return links.keep_crime(text, page)


def plan_links(reader: Reader) -> CrimeLinks:
    """Return how the pages of a release link to each other."""
    crimes = list_crimes(reader)
    of_crimes = {pages.name_file(name): crimes for name in pages.OF_ONE_CRIME}
    monitored = {pages.name_file(pages.MONITORING): monitoring.list_crimes(reader)}
    return CrimeLinks(crimes, _list_shared_files(reader), of_crimes | monitored)


def _list_shared_files(reader: Reader) -> list[str]:
    """Return the files of the pages about both crimes, with those that are written on request."""
    names = (pages.QUALITY, pages.RELEASES, pages.DATA, pages.LAW, pages.ARTICLES, pages.PRACTICE, pages.METHODOLOGY,
             pages.ACCESSIBILITY, CALENDAR, CHANGES)  # fmt: skip
    return [*map(pages.name_file, names), *map(name_theme_file, list_themes(reader))]


def _write_pictures(page: Page, reader: Reader, folder: Path) -> None:
    """Write each picture of a page as a file, unless another page had it already."""
    for picture in list_pictures(page):
        path = folder / f"{picture.name}.svg"
        if not path.exists():
            path.write_bytes(picture.write_file(reader))


def list_pictures(page: Page) -> list[PictureFile]:
    """Return the pictures of a page, in the order of its values."""
    values = [
        item for value in page.values.values() for item in (value if isinstance(value, (list, tuple)) else [value])
    ]
    return [item for item in values if isinstance(item, PictureFile)]


def compose_pages(reader: Reader, sizes: Mapping[str, int] | None = None) -> Iterator[Page]:
    """Yield all pages of a release in one language. `sizes` are those of data files, in bytes."""
    crimes = list_crimes(reader)
    for crime in crimes:
        if reader.edition.has_crime(crime):
            yield compose_home(reader, crime)
            yield compose_comparison(reader, crime)
            for area in reader.edition.territories:
                yield compose_profile(reader, crime, area)
            yield compose_index(reader, crime)
            yield from compose_indicators(reader, crime)
    for name, files in _list_main_files(reader).items():
        if name in _WITHOUT_YEARS:
            yield from (_compose_main_page(reader, crime, name) for crime in files)
        # The navigation of a crime leads to these pages, whatever the release has.
        yield from (compose_placeholder(reader, crime, name, files) for crime in crimes if crime not in files)
    yield from cooperation.compose_earlier_years(reader)
    yield from breakdowns.compose_types_pages(reader)
    yield from breakdowns.compose_bases_pages(reader)
    yield from breakdowns.compose_exchange_pages(reader)
    yield from (joint_teams.compose_teams_page(reader, crime) for crime in joint_teams.list_team_files(reader))
    yield compose_quality(reader)
    yield compose_releases(reader)
    yield compose_data(reader, sizes)
    yield compose_law(reader)
    yield compose_articles(reader)
    yield compose_practice(reader)
    yield from (compose_theme(reader, theme) for theme in list_themes(reader))
    yield from monitoring.compose_all(reader)
    yield compose_methodology(reader)
    yield compose_accessibility(reader)


_WITHOUT_YEARS: Final = (pages.VICTIMS, pages.SENTENCES, pages.COOPERATION)
"""Main pages that a crime can have without yearly figures of proceedings."""


def _compose_main_page(reader: Reader, crime: str, name: str) -> Page:
    """Return one of the pages `_WITHOUT_YEARS`."""
    if name == pages.VICTIMS:
        return victims.compose_victims(reader, crime)
    if name == pages.SENTENCES:
        return sentencing.compose_sentences(reader, crime)
    return cooperation.compose_cooperation(reader, crime)


def _list_main_files(reader: Reader) -> dict[str, dict[str, str]]:
    """Return the files of the main pages with figures: name, then crime."""
    with_years = [crime for crime in CRIMES if reader.edition.has_crime(crime)]
    yearly = {
        name: {crime: pages.name_file(name, crime) for crime in with_years}
        for name in pages.OF_ONE_CRIME
        if name not in _WITHOUT_YEARS
    }
    return yearly | {
        pages.VICTIMS: victims.list_files(reader),
        pages.SENTENCES: sentencing.list_files(reader),
        pages.COOPERATION: cooperation.list_files(reader),
    }


def list_crimes(reader: Reader) -> list[str]:
    """Return the crimes that any page of a release is about; the first crime always has pages."""
    present = {crime for files in _list_main_files(reader).values() for crime in files}
    for list_files in (
        breakdowns.list_type_files,
        breakdowns.list_basis_files,
        breakdowns.list_exchange_files,
        joint_teams.list_team_files,
    ):
        present.update(list_files(reader))
    present.update(monitoring.list_crimes(reader))
    return [crime for crime in CRIMES if crime in present]


@cache
def make_front_environment() -> Environment:
    """Return the templates of the pages, each of which is compiled at its first use in a process."""
    environment = make_environment(_HERE / "templates")
    environment.globals.update(tell=language.tell, many=language.many, more_notes=words.count_more_notes)
    return environment


class _Writer:
    """The templates, with what is the same on all pages of a release."""

    def __init__(self, edition: Edition, style: str, script: str, menu: Sequence[Language]) -> None:
        self.edition, self.style, self.script = edition, style, script
        self.environment = make_front_environment()
        self.menu = menu

    def render_page(self, page: Page, reader: Reader) -> str:
        """Return a page as HTML."""
        frozen = page.address or f"/releases/{self.edition.id}/{reader.lang}/{page.file}"
        text = self.environment.get_template(page.template).render(
            lang=reader.lang,
            title=page.title,
            description=page.description,
            lead=page.lead,
            views=page.views,
            file=page.file,
            style=self.style,
            script=self.script,
            languages=self.menu,
            release=self.edition.release,
            demonstration=name_demonstration(reader, page),
            home=pages.name_file(pages.HOME, page.crime),
            navigation=list_navigation(reader, page),
            indicators=pages.name_file(pages.INDICATORS, page.crime),
            foot_links=list_foot_links(reader, page),
            citation=cite_page(reader, page),
            citation_of_table=cite_tables(reader, page),
            covered=reader.marked_name(page.area or self.edition.region),
            frozen=frozen,
            edition=name_edition(reader),
            footnotes=list_footnotes(reader),
            **page.values,
        )
        lines = "\n".join(line.strip() for line in text.splitlines() if line.strip()) + "\n"
        lines = lines.replace(_NAMESPACE, "")
        explained = Explainer(pages.name_file(pages.METHODOLOGY)).explain_page(lines)
        names = map(reader.area_name, reader.edition.territories)
        fields = unbroken_fields()
        return keep_page_whole(explained, unbroken_phrases(), has_spaces=True, in_tables=fields, names=names)


def compose_placeholder(reader: Reader, crime: str, name: str, files: Mapping[str, str]) -> Page:
    """Return a main page that says that the release has no figures of a crime for it, with links to those that it has.

    `files` are the files of the page by crime, of the crimes that have it.
    """
    crime_name = reader.name_crime(crime)
    title = f"{_name_main_pages()[name]}: {crime_name}"
    if reader.edition.has_crime(crime):
        lead = tell("This release has no such figures for this crime.")
        if name == pages.VICTIMS:
            lead = tell("This release has no figures on victims of this crime.")
    else:
        lead = tell("This release has no yearly figures for this crime yet.")
    links = {code: pages.name_file(name, code) for code in CRIMES if code == crime or code in files}
    views = pages.list_views(reader, links, crime)
    explore = {"explore": reader.link_to_explorer("region", crime=crime)}
    file = pages.name_file(name, crime)
    return Page(file, "placeholder.html", name, title, lead, "", lead, views, explore, crime)


def _name_main_pages() -> dict[str, str]:
    """Return the titles of the main pages of a crime."""
    return {
        pages.HOME: tell("Home"),
        pages.TERRITORIES: tell("Territories"),
        pages.INDICATORS: tell("Indicators"),
        pages.VICTIMS: tell("Victims"),
        pages.SENTENCES: tell("Sentences"),
        pages.COOPERATION: tell("International cooperation"),
    }


def list_main_links(crime: str = "") -> list[tuple[str, str, str]]:
    """Return the links to the main pages of a crime, then to those about both: name, title in the reader's language,
    file."""
    by_crime = {name: title for name, title in _name_main_pages().items() if name != pages.COOPERATION}
    of_both = {
        pages.QUALITY: tell("Data quality"),
        pages.RELEASES: tell("Releases"),
        pages.METHODOLOGY: tell("Methodology"),
    }
    links = [(name, title, pages.name_file(name, crime)) for name, title in by_crime.items()]
    return links + [(name, title, pages.name_file(name)) for name, title in of_both.items()]


def list_navigation(reader: Reader, page: Page) -> list[tuple[str, str, bool]]:
    """Return the links to the main pages: text, address, and whether it is the section of a page.

    They keep the crime of the page, and the link to the explorer its territory. A page about both crimes leads to the
    first one, and its version for another crime (`crime_links`) to that one.
    """
    links = [(title, file, name == page.section) for name, title, file in list_main_links(page.crime)]
    choices = {"crime": page.crime} if page.crime else {}
    if page.area:
        explorer = reader.link_to_explorer("territory", territory=page.area, **choices)
    else:
        explorer = reader.link_to_explorer("region", **choices)
    return [*links, (tell("Explore the data"), explorer, False)]


def list_foot_links(reader: Reader, page: Page) -> list[tuple[str, str]]:
    """Return the links at the foot of a page, to pages that are not in the navigation."""
    monitored = page.crime if page.crime in monitoring.list_crimes(reader) else ""
    return [*_list_briefs(reader, page), *list_common_links(monitored)]


def list_common_links(monitored: str = "") -> list[tuple[str, str]]:
    """Return the links at the foot of every page; `monitored` is the crime of the page on monitoring."""
    return [
        (tell("Accessibility statement"), pages.name_file(pages.ACCESSIBILITY)),
        (tell("Releases and corrections"), pages.name_file(pages.RELEASES)),
        (tell("Law on joint investigation teams"), pages.name_file(pages.LAW)),
        (tell("Answers from practitioners"), pages.name_file(pages.PRACTICE)),
        (tell("Monitoring of the Guidelines"), pages.name_file(pages.MONITORING, monitored)),
    ]


def _list_briefs(reader: Reader, page: Page) -> list[tuple[str, str]]:
    """Return the links to the brief of the page's crime, or of each crime, and of the territory of a profile."""
    kind = tell("Brief to print: two pages (PDF)") if page.area else tell("Brief to print: four pages (PDF)")
    about = [kind, reader.marked_name(page.area)] if page.area else [kind]
    crimes = [crime for crime in CRIMES if page.crime in ("", crime) and reader.edition.has_crime(crime)]
    return [
        (", ".join([*about, reader.name_crime(crime)]), pages.name_brief_file(page.area, crime)) for crime in crimes
    ]


def name_demonstration(reader: Reader, page: Page) -> str:
    """Return the notice that figures of a page are invented; empty if the release is not a demonstration."""
    if not reader.edition.is_demonstration:
        return ""
    return page.demonstration or tell(words.DEMONSTRATION)  # marked in words.citations


def name_edition(reader: Reader) -> str:
    """Return the name of the release and the day on which it was drafted, for the foot of printed sheets."""
    return f"{reader.edition.id}, {words.format_day(reader.edition.prepared_on)}"


def cite_page(reader: Reader, page: Page) -> str:
    """Return the citation of a page without its address: title, coverage, publisher and release."""
    return pages.cite_page(reader, page, name_demonstration(reader, page))


def cite_tables(reader: Reader, page: Page) -> str:
    """Return the citation of a table of a page without the address: `@1` is for its title, `@2` for its coverage."""
    return words.describe_table(reader.edition.release, "@1", "@2", name_demonstration(reader, page))


def list_footnotes(reader: Reader) -> list[tuple[str, Part]]:
    """Return the marks and footnotes of all names, for the foot of each page."""
    return [(mark, name_language(reader, text)) for mark, text in reader.list_footnotes(reader.edition.areas)]
