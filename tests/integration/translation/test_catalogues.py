"""Translations: each text is complete in each language, with its own letters and plural forms."""

from __future__ import annotations

import csv
import re
import shutil
import string
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core import codes, i18n
from pipelines.core.text import script
from pipelines.findings.finding import Finding
from pipelines.findings.rules import Rule, all_rules, fill_parameters
from pipelines.findings.texts import describe_finding
from pipelines.translation import catalogues, extraction, review
from pipelines.translation.__main__ import main
from tests.support.forbidden_phrases import find_forbidden
from tests.support.paths import ROOT

WRITTEN = ("sq", "bs", "hr", "mk", "sr", "cnr")
TOLD = (*WRITTEN, "sr-Latn")

FORMS = {
    "sq": (1, 0, 1, 1, 1, 1, 1),
    "mk": (1, 0, 1, 1, 1, 0, 1),
    "bs": (2, 0, 1, 2, 2, 0, 1),
    "hr": (2, 0, 1, 2, 2, 0, 1),
    "sr": (2, 0, 1, 2, 2, 0, 1),
    "cnr": (2, 0, 1, 2, 2, 0, 1),
}
NUMBERS = (0, 1, 2, 5, 11, 21, 22)
"""The plural form of each number by the grammars (and CLDR), not by the catalogues."""

ERRORS = {
    "sq": "0 gabime|1 gabim|2 gabime|5 gabime|11 gabime|21 gabime|22 gabime",
    "bs": "0 grešaka|1 greška|2 greške|5 grešaka|11 grešaka|21 greška|22 greške",
    "hr": "0 pogrešaka|1 pogreška|2 pogreške|5 pogrešaka|11 pogrešaka|21 pogreška|22 pogreške",
    "mk": "0 грешки|1 грешка|2 грешки|5 грешки|11 грешки|21 грешка|22 грешки",
    "sr": "0 грешака|1 грешка|2 грешке|5 грешака|11 грешака|21 грешка|22 грешке",
    "sr-Latn": "0 grešaka|1 greška|2 greške|5 grešaka|11 grešaka|21 greška|22 greške",
    "cnr": "0 grešaka|1 greška|2 greške|5 grešaka|11 grešaka|21 greška|22 greške",
}

OF_ANOTHER_LANGUAGE = {
    "hr": "grešk tabel izvještaj period šta\\b kolon[aeu] hiljad tačn sistem kvartal lice\\b sekretarijat ponovo\\b "
    "jurisdikc",
    "bs": "tablic razdoblj izvješć tisuć stup(?:ac|ca) reda?k\\b točk sustav tromjeseč tajništv tko\\b lic[ae]\\b "
    "jurisdikc",
    "cnr": "tablic razdoblj izvješć tisuć stup(?:ac|ca) reda?k\\b točk sustav tromjeseč tajništv tko\\b osob nisu\\b "
    "jurisdikc",
    "sr": "таблиц раздобљ извјешт извешћ тисућ ступ(?:ац|ца) редак точк сустав прије\\b гдје провјер вријед особ "
    "тромесеч јурисдикц",
    "mk": "тримесеч тромесеч јурисдикц",
}
"""Beginnings of words that the glossary has for a neighbouring language, or for no language, and not for this one."""

ARTICLE = re.compile(r"\b\d+/[a-z]\b")
"""An article of a law with its letter, which stays Latin."""

SAME = {
    "SHA-256", "dimension", "draft", "Partner", "partner", "program", "video", "Period", "Formula", "Status", "Region",
    "Element", "{stage}, region", "{n} migrant", "{n} person", "{time} UTC", "{day}, {time} UTC",
}  # fmt: skip
"""Texts that may be the same in another language: its word has the same spelling, or is a name."""

# fmt: off
LATIN_IN_CYRILLIC = {
    "a", "al", "category", "check", "rti", "submit", "code",
    "corrections", "daemon", "data",
    "dataset", "dimension", "doc", "docs", "docx", "content", "mht", "odt", "rtf", "xml",
    "en", "example",
    "form", "glotip", "host", "http", "https", "id", "index", "json", "key", "label", "md", "measurement",
    "mm", "multipart", "n", "name", "no", "notices", "null", "ods", "of", "org", "password", "path", "pipelines",
    "portal", "pp", "py", "receipt", "reference", "sender", "size", "smtp", "smtps", "sq", "stat",
    "subject", "warehouse",
    "attributes", "detail", "format", "measures", "references", "release", "sdmx", "v",
    "tls", "user",
    "utf", "value", "webhook", "windows", "x", "xls", "xlsb", "xlsx", "yml", "z",
}
# fmt: on
"""Latin words in lower case that a Cyrillic text may have if its source has them: code, files, commands,
parameters of addresses."""


@pytest.fixture(scope="module")
def rules() -> Mapping[str, Rule]:
    """Return every rule by its identity; finding the modules that declare some reads all sources."""
    extraction.load_rules()
    return all_rules()


@pytest.fixture(scope="module")
def texts() -> list[extraction.SourceText]:
    return extraction.gather_texts()


@pytest.fixture(scope="module")
def entries() -> dict[str, dict[str, list[str]]]:
    """Translations by language and source text, without those that are not translated yet."""
    return {
        language: {
            source: catalogues.list_forms(message)
            for source, message in catalogues.index_messages(catalogues.read_language(language)).items()
            if all(catalogues.list_forms(message))
        }
        for language in WRITTEN
    }


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def _bare(text: str) -> str:
    """Remove placeholders and `code` from a text."""
    return re.sub(r"\{[^{}]*\}|`[^`]*`", " ", text)


# The rules


def test_every_text_of_every_rule_can_be_filled(rules: Mapping[str, Rule]) -> None:
    assert len(rules) > 150
    assert {"sum.differs", "plausible.jump", "read.px.count", "reference.bad_year", "desk.not_yours"} <= set(rules)
    for identity, rule in rules.items():
        assert rule.message.strip(), identity
        names = _fields(rule.message) | _fields(rule.remedy)
        assert all(name.isidentifier() for name in names), (identity, names)
        finding = Finding(identity, rule.severity, params=dict.fromkeys(names - {"seen", "expected"}, "x"), seen="x")
        for text in (rule.message, rule.remedy):
            assert "{" not in fill_parameters(text, finding), (identity, text)


def test_fill_parameters_inserts_parameters_and_seen_values() -> None:
    words = describe_finding(Finding("sum.differs", "error", params={"dim": "sex"}, seen="12", expected="13"))
    assert words.message == "sex: the parts add up to 13, but the total says 12."
    assert words.remedy.startswith("Correct")


@pytest.mark.parametrize("language", TOLD)
def test_every_rule_can_be_described_in_every_language(rules: Mapping[str, Rule], language: str) -> None:
    for identity, rule in rules.items():
        names = _fields(rule.message) | _fields(rule.remedy)
        sample = {name: f"<{name}>" for name in names - {"seen", "expected"}}
        finding = Finding(identity, rule.severity, params=sample, seen="<seen>", expected="<expected>")
        description = describe_finding(finding, language)
        for text, source in ((description.message, rule.message), (description.remedy, rule.remedy)):
            assert text.strip() or not source, identity
            assert all(f"<{name}>" in text for name in _fields(source)), (identity, text)


def test_finding_of_a_removed_rule_can_be_described() -> None:
    assert describe_finding(Finding("gone.rule", "error")).message == "Rule gone.rule of an earlier version."


# Languages


def test_english_is_the_source_and_needs_no_catalogue() -> None:
    assert i18n.list_languages()[0] == "en"
    assert i18n.gettext("Correct the number.", "en") == "Correct the number."
    assert i18n.gettext("Correct the number.", "xx") == "Correct the number."
    assert i18n.gettext("") == ""


def test_languages_are_listed_by_their_own_names() -> None:
    assert i18n.language_names() == {
        "en": "English",
        "sq": "Shqip",
        "bs": "Bosanski",
        "hr": "Hrvatski",
        "mk": "Македонски",
        "sr": "Српски",
        "sr-Latn": "Srpski",
        "cnr": "Crnogorski",
    }
    assert set(i18n.list_languages()) == set(i18n.language_names())
    assert [i18n.html_lang(code) for code in ("sr", "sr-Latn", "cnr", "mk")] == ["sr-Cyrl", "sr-Latn", "cnr", "mk"]


def test_language_needs_only_a_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mk" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "rti.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        'msgid "A count cannot be negative: {seen}."\nmsgstr "Бројот не може да биде негативен: {seen}."\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    i18n.load_catalogue.cache_clear()
    try:
        words = describe_finding(Finding("value.negative", "error", seen="-3"), "mk")
        assert i18n.list_languages() == ("en", "mk")
    finally:
        i18n.load_catalogue.cache_clear()
    assert words.message == "Бројот не може да биде негативен: -3."
    assert words.remedy == "Correct the number."


@pytest.mark.parametrize("language", WRITTEN)
def test_plural_forms_are_those_of_the_grammar(language: str) -> None:
    texts = [extraction.SourceText("{n} thing", "{n} things")]
    forms = [f"{{n}} form{i}" for i in range(catalogues.form_count(language))]
    texts_by_number = _count_with(language, texts, {"{n} thing": forms}, "{n} thing", "{n} things")
    assert texts_by_number == [f"{n} form{form}" for n, form in zip(NUMBERS, FORMS[language], strict=True)]


def _count_with(
    language: str, texts: list[extraction.SourceText], translations: dict[str, list[str]], one: str, other: str
) -> list[str]:
    import tempfile

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(i18n, "FOLDER", Path(folder))
        i18n.load_catalogue.cache_clear()
        try:
            catalogues.update_catalogue(language, texts, translations)
            return [i18n.many(one, other, n, language) for n in NUMBERS]
        finally:
            i18n.load_catalogue.cache_clear()


@pytest.mark.parametrize("language", TOLD)
def test_errors_are_counted_with_the_right_plural(language: str) -> None:
    texts_by_number = [i18n.many("{n} error", "{n} errors", n, language) for n in NUMBERS]
    assert texts_by_number == ERRORS[language].split("|")


@pytest.mark.sampled(turn=7)
def test_no_text_has_a_phrase_that_readers_did_not_understand(texts: list[extraction.SourceText]) -> None:
    """Check all texts of the product and the labels of all codes, in English."""
    with (codes.CODELIST_FOLDER / "codelist_labels.csv").open(encoding="utf-8", newline="") as handle:
        labels = [row["label"] for row in csv.DictReader(handle) if row["language"] == i18n.SOURCE_LANGUAGE]
    forms = [form for text in texts for form in (text.one, text.other) if form]
    assert len(labels) > 200 and len(forms) > 4_000
    assert {text: phrases for text in (*forms, *labels) if (phrases := find_forbidden(text))} == {}
    assert find_forbidden("The unit it is\nCounted in") == ["Counted in"]


# The catalogues


@pytest.mark.parametrize("language", WRITTEN)
def test_every_text_is_translated_with_its_placeholders(language: str, texts: list[extraction.SourceText]) -> None:
    assert [str(fault) for fault in catalogues.find_faults(language, texts)] == []


@pytest.mark.parametrize("language", WRITTEN)
def test_no_english_remains(language: str, entries: dict[str, dict[str, list[str]]]) -> None:
    english = {"the", "and", "is", "not", "file", "with", "return", "returns", "was", "has"}
    untranslated = []
    for source, forms in entries[language].items():
        for form in forms:
            same = form == source and re.search(r"[A-Za-z]{2}", _bare(source)) and source not in SAME
            words = set(re.findall(r"[a-z]+", _bare(form))) & english
            if same or (words and language not in ("sq",)) or "the" in words:
                untranslated.append((source, form))
    assert untranslated == []


@pytest.mark.parametrize("language", WRITTEN)
def test_articles_of_law_keep_their_letters(language: str, entries: dict[str, dict[str, list[str]]]) -> None:
    wrong = [
        form
        for source, forms in entries[language].items()
        for form in forms
        if not set(ARTICLE.findall(source)) <= set(ARTICLE.findall(form))
    ]
    assert wrong == []


@pytest.mark.parametrize("language", ["mk", "sr"])
def test_cyrillic_texts_have_no_latin_words_but_code(language: str, entries: dict[str, dict[str, list[str]]]) -> None:
    strange = []
    for source, forms in entries[language].items():
        source_words = {word.lower() for word in re.findall(r"[A-Za-z]+", source)}
        words = {word for form in forms for word in re.findall(r"[A-Za-z\u00c0-\u024f]+", ARTICLE.sub("", _bare(form)))}
        strange += [
            (word, forms)
            for word in sorted(words)
            if word.lower() not in source_words or (word.islower() and word not in LATIN_IN_CYRILLIC)
        ]
    assert strange == []


@pytest.mark.parametrize("language", ["sq", "bs", "hr", "cnr"])
def test_latin_texts_hold_no_cyrillic(language: str, entries: dict[str, dict[str, list[str]]]) -> None:
    assert [form for forms in entries[language].values() for form in forms if re.search(r"[Ѐ-ӿ]", form)] == []


@pytest.mark.parametrize(("language", "letters"), [("mk", "ђћљњџѓќѕј"), ("sr", "ђћљњџј")])
def test_cyrillic_texts_use_only_letters_of_their_alphabet(
    language: str, letters: str, entries: dict[str, dict[str, list[str]]]
) -> None:
    alphabet = {
        "mk": "абвгдѓежзѕијклљмнњопрстќуфхцчџшѐѝ",
        "sr": "абвгдђежзијклљмнњопрстћуфхцчџш",
    }[language]
    letters_used = {c for forms in entries[language].values() for f in forms for c in f.lower() if "Ѐ" <= c <= "ӿ"}
    assert letters_used - set(alphabet) == set()
    assert letters_used & set(letters)


def test_south_slavic_catalogues_are_not_copies(entries: dict[str, dict[str, list[str]]]) -> None:
    def compute_shared(first: str, second: str) -> float:
        common_sources = [source for source in entries[first] if source in entries[second] and len(source) > 60]
        return sum(entries[first][source] == entries[second][source] for source in common_sources) / len(common_sources)

    assert compute_shared("bs", "hr") < 0.4
    assert compute_shared("cnr", "hr") < 0.4
    assert compute_shared("bs", "cnr") < 0.95
    marks = {
        "hr": ("izvješć", "razdoblj", "tisuć", "redak"),
        "bs": ("izvještaj", "tabel", "hiljad"),
        "cnr": ("izvještaj", "tabel", "lic"),
        "sr": ("извештај", "табел", "период", "хиљад"),
    }
    for language, words in marks.items():
        whole = " ".join(form.lower() for forms in entries[language].values() for form in forms)
        assert [word for word in words if word not in whole] == []
    assert "извјешт" not in " ".join(form.lower() for forms in entries["sr"].values() for form in forms)


@pytest.mark.parametrize(("language", "foreign"), sorted(OF_ANOTHER_LANGUAGE.items()))
def test_catalogues_use_only_words_of_their_glossary(
    language: str, foreign: str, entries: dict[str, dict[str, list[str]]]
) -> None:
    pattern = re.compile(rf"\b(?:{foreign.replace(' ', '|')})", re.IGNORECASE)
    wrong = [form for forms in entries[language].values() for form in forms if pattern.search(_bare(form))]
    assert wrong == []


# Serbian in Latin letters


def _back(text: str) -> str:
    """Convert Latin to Cyrillic by the usual table; not for words in which two letters only look like a digraph."""
    pairs = {"lj": "љ", "nj": "њ", "dž": "џ"}
    table = dict(zip("abvgdđežzijklmnoprstćufhcčš", "абвгдђежзијклмнопрстћуфхцчш", strict=True))
    for pair, letter in pairs.items():
        text = (
            text.replace(pair, letter).replace(pair.capitalize(), letter.upper()).replace(pair.upper(), letter.upper())
        )
    return "".join(table.get(c) or (table[c.lower()].upper() if c.lower() in table else c) for c in text)


@given(st.text(alphabet="абвгдђежзијклљмнњопрстћуфхцчџш АБВГДЂЕЖЗИЈКЛЉМНЊОПРСТЋУФХЦЧЏШ,.0", max_size=60))
def test_transliteration_is_reversible(text: str) -> None:
    latin = script.transliterate_serbian(text)
    assert not re.search(r"[Ѐ-ӿ]", latin)
    if not re.search(r"[лн]ј|дж", text.lower()):
        assert _back(latin) == text


def test_transliteration_by_hand() -> None:
    assert script.transliterate_serbian("Њен љубимац и џеп, ЊЕГОШ, Љ") == "Njen ljubimac i džep, NJEGOŠ, Lj"
    assert script.transliterate_serbian("Ред {ред} у {x}: „шђчћж“") == "Red {ред} u {x}: „šđčćž“"
    assert script.transliterate_serbian("UTF-8 и PX") == "UTF-8 i PX"


def test_every_serbian_text_survives_transliteration(entries: dict[str, dict[str, list[str]]]) -> None:
    for forms in entries["sr"].values():
        for form in forms:
            for word in re.findall(r"[Ѐ-ӿ]+", _bare(form)):
                assert _back(script.transliterate_serbian(word)) == word, word


def test_serbian_latin_needs_no_catalogue() -> None:
    assert not catalogues.path_of("sr-Latn").exists()
    cyrillic, latin = (i18n.gettext("The cell is empty.", code) for code in ("sr", "sr-Latn"))
    assert (cyrillic, latin) == ("Ћелија је празна.", "Ćelija je prazna.")
    description = describe_finding(Finding("value.negative", "error", seen="Ђ-3"), "sr-Latn")
    assert description.message.endswith("Ђ-3.")


# Extraction


def _spoken(source: str, marked: set[str] | None = None) -> set[tuple[str, str | None]]:
    return set(extraction.extract_calls(source, "page.py", marked or set()))


@pytest.mark.parametrize(
    "binding",
    [
        "tell = here.tell",
        "tell, state = here.tell, 'done'",
        "state, (more, tell) = 'done', (1, here.tell)",
        "tell: Translator = here.tell",
        "print(tell := here.tell)",
        "for tell in [here.tell]: pass",
        "tell = here.tell if here else there.tell",
        "tell = partial(here.translate, 'sq')",
    ],
)
def test_texts_of_a_variable_that_holds_the_translator_are_extracted(binding: str) -> None:
    assert _spoken(f'def show(here):\n    {binding}\n    return [tell("A column")]\n') == {("A column", None)}
    plural = re.sub(r"\btell\b", "many", binding)
    assert _spoken(f'def show(here):\n    {plural}\n    return many("{{n}} row", "{{n}} rows", 2)\n') == {
        ("{n} row", "{n} rows")
    }


def test_texts_of_an_argument_that_holds_the_translator_are_extracted() -> None:
    assert _spoken('def show(tell):\n    return tell("A column")\n') == {("A column", None)}
    with pytest.raises(extraction.ExtractionError, match=r"page\.py:2"):
        _spoken("def show(tell, step):\n    tell(step)\n")


@pytest.mark.parametrize(
    "binding",
    [
        "t = here.tell",
        "t, state = here.tell, 'done'",
        "t: Translator = here.many",
        "print(t := here.tell)",
        "self.translate = here.tell",
        "t = here and here.tell",
        "render(translate=here.tell)",
        "from pipelines.core.i18n import tell as t",
        "from pipelines.core.i18n.marking import mark as t",
        "t = here.tell if here else there.tell",
    ],
)
def test_translator_under_another_name_is_rejected_with_its_line(binding: str) -> None:
    with pytest.raises(extraction.ExtractionError, match=r"another name.*: page\.py:2\."):
        _spoken(f'def show(here):\n    {binding}\n    return [t("A column")]\n')
    accepted = "def show(here):\n    render(tell=here.tell, many=here.many, rest=partial(here.tell, 'sq'))\n"
    assert _spoken(accepted) == set()


def test_texts_are_extracted_with_their_lines() -> None:
    source = """
from pipelines.core.i18n import mark, many, tell
TITLES = {"a": mark("Title"), "b": mark("Other")}
def page(here, tell_, language):
    tell("One", language); here.tell("Two {x}", x=1); here.many("{n} file", "{n} files", 2)
    tell("Yes" if language else "No", language); tell(TITLES["a"], language); notes.mark("A footnote of others")
    for text in TITLES.values():
        tell(text, language)
"""
    import ast

    marked = extraction.marked_names([ast.parse(source)])
    assert marked == {"TITLES"}
    assert _spoken(source, marked) == {
        ("Title", None),
        ("Other", None),
        ("One", None),
        ("Two {x}", None),
        ("{n} file", "{n} files"),
        ("Yes", None),
        ("No", None),
    }


@pytest.mark.parametrize("call", ['tell(f"{n} files", "sq")', 'tell(name, "sq")', 'many(one, "{n}", 1)', "mark(name)"])
def test_text_that_is_not_a_literal_is_rejected_with_its_line(call: str) -> None:
    source = f"from pipelines.core.i18n import tell, many, mark\n\n{call}\n"
    with pytest.raises(extraction.ExtractionError, match=r"page\.py:3"):
        _spoken(source)
    if call.startswith("tell"):
        assert _spoken(source.replace(call, f"{call}  # marked elsewhere")) == set()


def test_functions_of_the_same_name_in_other_modules_are_ignored() -> None:
    assert _spoken("def tell(step): ...\nstep = 1\ntell(step)\n") == set()
    assert _spoken('from elsewhere import tell\ntell("Text")\n') == set()
    assert _spoken('from pipelines.words.language import tell\ntell("Text")\n') == {("Text", None)}


def test_texts_of_page_templates_are_found() -> None:
    calls = extraction.extract_template_calls('<p>{{ tell("Sign in") }}{{ many("{n} x", "{n} xs", n) }}</p>', "a.html")
    assert list(calls) == [("Sign in", None), ("{n} x", "{n} xs")]
    calls = extraction.extract_template_calls('{% set tell = page.tell %}{{ page.tell("Sign out") }}', "a.html")
    assert list(calls) == [("Sign out", None)]
    with pytest.raises(extraction.ExtractionError, match=r"a\.html:1"):
        list(extraction.extract_template_calls("{{ tell(title) }}", "a.html"))


def test_template_for_translators_has_every_text_once(tmp_path: Path, texts: list[extraction.SourceText]) -> None:
    assert catalogues.write_template(tmp_path / "a.pot", texts) == len(texts)
    catalogues.write_template(tmp_path / "b.pot", reversed(texts))
    assert (tmp_path / "a.pot").read_bytes() == (tmp_path / "b.pot").read_bytes()
    assert "sum.differs: message" in (tmp_path / "a.pot").read_text(encoding="utf-8")
    assert {text for text, _ in extraction.rule_texts() if text} <= {text.one for text in texts}


# Maintenance of the catalogues


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(i18n, "FOLDER", tmp_path)
    return tmp_path


def test_update_keeps_translations_and_retires_and_restores_unused_ones(folder: Path) -> None:
    first, second = extraction.SourceText("One"), extraction.SourceText("Two {x}")
    catalogues.update_catalogue("bs", [first, second], {"One": ["Jedan"], "Two {x}": ["Dva {x}"]})
    before = catalogues.path_of("bs").read_bytes()
    catalogues.update_catalogue("bs", [first, second])
    assert catalogues.path_of("bs").read_bytes() == before
    assert catalogues.update_catalogue("bs", [second]).translated == 1
    assert '#~ msgid "One"' in catalogues.path_of("bs").read_text("utf-8")
    assert catalogues.find_faults("bs", [second]) == []
    catalogues.update_catalogue("bs", [first, second])
    assert catalogues.path_of("bs").read_bytes() == before


def test_check_names_each_kind_of_fault(folder: Path) -> None:
    first, second, plural = (
        extraction.SourceText("One {x}"),
        extraction.SourceText("Two"),
        extraction.SourceText("{n} file", "{n} files"),
    )
    removed = extraction.SourceText("Gone")
    translations = {
        "One {x}": ["Jedan {y}"],
        "Gone": ["Nestalo"],
        "{n} file": ["{n} datoteka", "{n} datoteke", "datoteka"],
    }
    catalogues.update_catalogue("hr", [first, second, plural, removed], translations)
    faults = {(fault.text, fault.what.split(" ")[0]) for fault in catalogues.find_faults("hr", [first, second, plural])}
    assert faults == {("One {x}", "placeholders"), ("Two", "not"), ("{n} file", "placeholders"), ("Gone", "no")}
    assert [
        f.what for f in catalogues.find_faults("hr", [first, second, plural, removed, extraction.SourceText("New")])
    ][-1] == "not in the catalogue"
    catalogues.update_catalogue("hr", [first], {"One {x}": ["Jedan {x"]})
    assert "braces are wrong" in str(catalogues.find_faults("hr", [first])[0])


@pytest.mark.parametrize("translation", ["Najbliže: '{x}'.", " Najbliže: '{x}'. "])
def test_check_reports_a_translation_without_the_leading_space_of_its_source(folder: Path, translation: str) -> None:
    """Report a missing space, as there was in eighteen texts: "is not declared.Nearest declared"."""
    text = extraction.SourceText(" Nearest: '{x}'.")
    catalogues.update_catalogue("hr", [text], {text.one: [" Najbliže: '{x}'."]})
    assert catalogues.find_faults("hr", [text]) == []
    catalogues.update_catalogue("hr", [text], {text.one: [translation]})
    (fault,) = catalogues.find_faults("hr", [text])
    assert "blank" in fault.what


@pytest.mark.parametrize(
    ("language", "translation", "is_right"),
    [
        ("hr", "Odaberite „Razdoblje”.", True), ("hr", "Odaberite „Razdoblje“.", False),
        ("sr", "Изаберите „Период“.", True), ("sr", "Изаберите “Период”.", False),
        ("sq", "Zgjidhni «Periudha».", False), ("sq", "Zgjidhni „Periudha.", False), ("sq", "Zgjidhni 'x'.", True),
    ],
)  # fmt: skip
def test_check_reports_quotation_marks_of_another_language(
    folder: Path, language: str, translation: str, is_right: bool
) -> None:
    text = extraction.SourceText("Choose “Period”.")
    catalogues.update_catalogue(language, [text], {text.one: [translation]})
    assert (catalogues.find_faults(language, [text]) == []) is is_right


def test_only_albanian_may_omit_the_number_in_its_form_for_one(folder: Path) -> None:
    text = extraction.SourceText("One file", "{n} files")
    catalogues.update_catalogue("sq", [text], {"One file": ["Një skedar", "{n} skedarë"]})
    catalogues.update_catalogue("mk", [text], {"One file": ["Една датотека", "{n} датотеки"]})
    assert catalogues.find_faults("sq", [text]) == []
    assert len(catalogues.find_faults("mk", [text])) == 1


def test_review_is_counted_and_lost_with_its_text(folder: Path) -> None:
    first, second = extraction.SourceText("One"), extraction.SourceText("Two")
    catalogues.update_catalogue("cnr", [first, second], {"One": ["Jedan"], "Two": ["Dva"]})
    path = catalogues.path_of("cnr")
    path.write_text(
        path.read_text("utf-8").replace('msgid "One"', '# reviewed: MONSTAT, 2026-12-01\nmsgid "One"'), "utf-8"
    )
    assert review.read_review("cnr") == review.LanguageReview("cnr", 2, 1, ("MONSTAT, 2026-12-01",))
    assert catalogues.update_catalogue("cnr", [first, second]).reviewed == 1
    page = review.update_table(f"a\n{review.BEGIN}\nold\n{review.END}\nz\n", ["cnr"])
    assert "drafted together from one draft" in page and review.UNREAD not in page, "a text of it was read"
    assert "| Crnogorski (`cnr`) | 2 | 1 | MONSTAT, 2026-12-01 |" in page
    assert catalogues.update_catalogue("cnr", [first, second], {"One": ["Prvi"]}).reviewed == 0


def test_page_of_reviews_agrees_with_the_catalogues() -> None:
    page = review.PATH.read_text("utf-8")
    reviews = {language: review.read_review(language) for language in catalogues.PLURALS}
    assert review.UNREAD in page or any(each.n_reviewed for each in reviews.values())
    assert review.update_table(page, list(catalogues.PLURALS)) == page
    if not any(reviews[language].n_reviewed for language in WRITTEN):
        assert "No text has been read by a native speaker yet" in page


def _mark_fuzzy(path: Path, source: str) -> None:
    """Mark a text of a catalogue as an editor does."""
    content = path.read_text("utf-8")
    entry = f'msgid "{source}"'
    assert content.count(f"\n{entry}\n") == 1
    path.write_text(content.replace(f"\n{entry}\n", f"\n#, fuzzy\n{entry}\n"), "utf-8")


def test_fuzzy_text_is_a_fault_shown_in_english_and_kept_by_update_until_it_is_translated(folder: Path) -> None:
    first, second = extraction.SourceText("One"), extraction.SourceText("Two")
    catalogues.update_catalogue("bs", [first, second], {"One": ["Jedan"], "Two": ["Dva"]})
    _mark_fuzzy(catalogues.path_of("bs"), "Two")
    i18n.load_catalogue.cache_clear()
    assert (i18n.gettext("One", "bs"), i18n.gettext("Two", "bs")) == ("Jedan", "Two")
    assert catalogues.update_catalogue("bs", [first, second]).translated == 1
    (fault,) = catalogues.find_faults("bs", [first, second])
    assert fault.text == "Two" and "fuzzy" in fault.what
    catalogues.update_catalogue("bs", [first])
    assert "Dva" not in catalogues.path_of("bs").read_text("utf-8"), "it would return without its mark"
    catalogues.update_catalogue("bs", [first, second], {"Two": ["Dva"]})
    assert catalogues.find_faults("bs", [first, second]) == []
    _mark_fuzzy(catalogues.path_of("bs"), "Two")
    catalogues.update_catalogue("bs", [first, second], {"Two": ["Dvije"]})
    assert catalogues.find_faults("bs", [first, second]) == []


@pytest.fixture
def whole_catalogues(tmp_path: Path, texts: list[extraction.SourceText], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the project's catalogues and let the command read the copies."""
    folder = tmp_path / "locales"
    shutil.copytree(i18n.FOLDER, folder)
    monkeypatch.setattr(i18n, "FOLDER", folder)
    monkeypatch.setattr("pipelines.translation.__main__.gather_texts", lambda: texts)
    return folder


def test_check_accepts_the_catalogues(whole_catalogues: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr().out == "No faults.\n"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("missing", "not in the catalogue: 'The cell is empty.'"),
        ("untranslated", "not translated: 'The cell is empty.'"),
        ("fuzzy", "marked as fuzzy; check it and remove the mark: 'The cell is empty.'"),
        ("unused", "no longer used: 'A text of no page'"),
    ],
)
def test_check_fails_and_names_a_planted_fault(
    whole_catalogues: Path, capsys: pytest.CaptureFixture[str], kind: str, words: str
) -> None:
    path = catalogues.path_of("hr")
    content = path.read_text("utf-8")
    (entry,) = re.findall(r'(?m)^msgid "The cell is empty\."\nmsgstr ".+"\n', content)
    planted = {
        "missing": "",
        "untranslated": 'msgid "The cell is empty."\nmsgstr ""\n',
        "fuzzy": f"#, fuzzy\n{entry}",
        "unused": f'{entry}\nmsgid "A text of no page"\nmsgstr "Tekst"\n',
    }
    path.write_text(content.replace(entry, planted[kind]), "utf-8")
    assert main(["check"]) == 1
    # The page of reviews counts the texts of each catalogue, so it differs too where one is more or less.
    *faults, count = capsys.readouterr().out.splitlines()
    assert faults[0] == f"hr: {words}" and faults[1:] in ([], ["REVIEW.md is out of date"])
    assert count == f"Faults: {len(faults)}. 'update' merges new texts."


def test_make_lint_checks_the_catalogues() -> None:
    recipe = (ROOT / "Makefile").read_text("utf-8").partition("\nlint:")[2].partition("\n\n")[0]
    assert "@$(BIN)/python -m pipelines.translation check" in recipe.splitlines()[1:][-1]


def test_the_command_refuses_an_unknown_word(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["translate"]) == 3
    assert "update" in capsys.readouterr().err


@pytest.mark.parametrize("language", list(catalogues.PLURALS))
def test_never_added_up_does_not_read_as_never_collected(language: str) -> None:
    """Require another verb than that of "not collected": Macedonian and Albanian have one that means both."""
    catalogue = catalogues.read_language(language)
    stem = max(catalogue.get("not collected").string.split(), key=len)[:5]
    added = [message for message in catalogue if re.search(r"\badded\b", str(message.id)) and message.string]
    assert added
    for message in added:
        assert stem not in " ".join(catalogues.list_forms(message)).lower(), message.id
