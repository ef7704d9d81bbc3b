"""The codepage of a text is decided by declaration and alphabet (planted texts, encoded here by the codecs)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.model.content import ReadError
from pipelines.reading.formats.encoding import ALPHABETS, CANDIDATES, decode_text, pieces_of, score_texts

LATIN = "Optužena lica;Muškarci;Žene\r\nTrgovina ljudima – čl. 186;12;3\r\nKrijumčarenje, Đurđevac, Nikšić;4;0\r\n"
TEXTS = {
    "sq": "Persona të dënuar;Meshkuj;Gra\r\nTrafikimi i qenieve njerëzore;12;3\r\nÇështje të reja;4;0\r\n",
    "hr": LATIN,
    "sr-Latn": LATIN.replace("186", "388"),
    "sr-Cyrl": "Оптужена лица;Мушкарци;Жене\r\nТрговина људима – чл. 388;12;3\r\nКријумчарење, Ђурђевац, Њ;4;0\r\n",
    "mk": "Осудени лица;Мажи;Жени\r\nТрговија со луѓе, чл. 418-а;12;3\r\nЌе, ѕид, Џепчиште, Љубов;4;0\r\n",
}
PAGES = {
    "sq": ("windows-1250", "windows-1252", "iso-8859-1", "iso-8859-2", "cp850"),
    "hr": ("windows-1250", "iso-8859-2", "cp852", "iso-8859-16"),
    "sr-Latn": ("windows-1250", "iso-8859-2", "cp852", "iso-8859-16"),
    "sr-Cyrl": ("windows-1251", "iso-8859-5", "cp855"),
    "mk": ("windows-1251", "iso-8859-5", "cp855"),
}
UNICODE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


def _shapes(text: str) -> dict[str, str]:
    head, *labels = text.splitlines(keepends=True)
    return {"whole": text, "labels": "".join(labels), "long": head + "".join(labels) * 200}


@pytest.mark.parametrize("language", TEXTS)
def test_every_language_is_decoded_in_every_codepage(language: str) -> None:
    alphabets = ("sr-Cyrl", "sr-Latn") if language.startswith("sr") else (language,)
    for shape, text in _shapes(TEXTS[language]).items():
        for page in (*PAGES[language], *UNICODE):
            sendable = text.replace("–", "-") if not page.startswith(("windows", "utf")) else text
            decoded = decode_text(sendable.encode(page), PAGES[language], alphabets)
            assert decoded.text == sendable, (language, shape, page, decoded.encoding)


@pytest.mark.parametrize("language", TEXTS)
def test_decode_text_without_declaration_tries_codepages_of_the_region(language: str) -> None:
    page = "windows-1251" if language in ("sr-Cyrl", "mk") else "windows-1250"
    decoded = decode_text(TEXTS[language].encode(page))
    assert decoded.text == TEXTS[language]
    assert decoded.guessed


def test_two_codepages_that_read_equally_well_are_refused_with_both_readings() -> None:
    # 0x8A 0x9A are Š š in windows-1250; 0xA9 0xB9 are the same letters in iso-8859-2. One byte 0xB9 is ą in the first:
    # with an alphabet that has it, the two codepages fit equally well.
    with pytest.raises(ReadError) as refusal:
        decode_text(b"red\nko\xb9ara\n", ("windows-1250", "iso-8859-2"), ("šą",))
    assert refusal.value.rule == "read.encoding_ambiguous"
    assert refusal.value.where.line == 2
    assert refusal.value.params["first_text"] == "koąara"


def test_codepages_that_give_the_same_text_are_not_ambiguous() -> None:
    decoded = decode_text("Të dënuar".encode("cp1252"), ("windows-1252", "windows-1250"), ("sq",))
    assert (decoded.text, decoded.encoding) == ("Të dënuar", "windows-1252")


def test_a_text_in_no_expected_codepage_is_refused_with_line_and_guess() -> None:
    with pytest.raises(ReadError) as refusal:
        decode_text("a\nb\nОсудени полнолетни лица\n".encode("koi8-r"), ("windows-1250",), ("hr",))
    assert refusal.value.rule == "read.encoding_unknown"
    assert refusal.value.params["line"] == 3


def test_damaged_utf16_is_rejected_and_not_repaired() -> None:
    with pytest.raises(ReadError, match=r"read\.encoding_unknown"):
        decode_text(b"\xff\xfea\x00b\x00c", ("windows-1250",))


def test_typographic_signs_are_no_evidence_of_a_language() -> None:
    text = "„Žrtve” – 5 % · čl. 186…"
    assert decode_text(text.encode("cp1250"), ("windows-1250", "iso-8859-2"), ("hr",)).text == text


_WORDS = (
    "Žrtva",
    "optužnica",
    "Ђурђевац",
    "ЖС",
    "0,5",
    "t‰",
    "€",
    "–",
    "PetroviŠ",
    "čl.",
    "а1б",
    "\u00a0",
    "x",
    "Šž_š",
)


@given(
    st.lists(st.tuples(st.sampled_from(_WORDS), st.sampled_from(" ;\n_-9"), st.integers(1, 3)), max_size=12),
    st.sampled_from(("windows-1250", "windows-1251", "cp852", "iso-8859-5")),
)
def test_score_of_a_text_equals_that_of_its_words(words: list[tuple[str, str, int]], page: str) -> None:
    data = "".join((word + after) * times for word, after, times in words).encode(page, "ignore")
    alphabets = tuple(map(frozenset, ALPHABETS.values()))
    for name in CANDIDATES:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        assert score_texts(pieces_of(data, name, text), alphabets) == score_texts([(text, 1)], alphabets)


@pytest.mark.parametrize(
    ("text", "page", "candidates"),
    [
        ("Müller;12\nJäger;3\nGroßkopf;1\nSchröder;7\nKöhler;4\n", "windows-1252", ()),
        ("Müller;12\nJäger;3\nGroßkopf;1\nSchröder;7\nKöhler;4\n", "windows-1250", ("windows-1250",)),
        ("osuđeni za trgovinu ljudima, četiri žene\n", "windows-1250", ("windows-1250",)),
    ],
)
def test_guess_never_names_a_codepage_that_was_tried(text: str, page: str, candidates: tuple[str, ...]) -> None:
    with pytest.raises(ReadError) as raised:
        decode_text(text.encode(page), candidates, ("sq",))
    guess = str(raised.value.params["guess"])
    assert guess == "text in another language" or not {*(candidates or CANDIDATES)} & {*guess.split(" / ")}
    assert guess not in ("ascii", "cp1250")


def test_guess_looks_at_the_doubtful_bytes_and_not_at_the_start_of_the_file() -> None:
    data = b"a;1\n" * 20_000 + "Të dënuar për trafikim; çështje e mbyllur; gjykatë".encode("windows-1252")
    with pytest.raises(ReadError) as raised:
        decode_text(data, ("windows-1251",), ("sq",))
    assert raised.value.params["guess"] == "windows-1250 / windows-1252"


def test_guess_names_the_codepages_of_the_region_whose_letters_fit() -> None:
    """Guess among the region's codepages; a purely statistical guess named cp1257, which no office here uses."""
    data = "Të dënuar për trafikim; çështje e mbyllur; gjykatë".encode("windows-1252")
    with pytest.raises(ReadError) as raised:
        decode_text(data, ("windows-1251",), ("sq",))
    assert raised.value.params["guess"] == "windows-1250 / windows-1252"
