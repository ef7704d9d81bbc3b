"""Delimited text: words stay words, and locations are physical lines."""

from __future__ import annotations

import pytest

from pipelines.model.content import ReadError
from pipelines.reading.formats.delimited import propose_delimiter, read_file


def _rows(data: bytes, **options: object) -> list[tuple[int | None, int, str]]:
    grid = read_file(data, **options)  # type: ignore[arg-type]
    return [(cell.where.line, cell.column, cell.text) for cell in grid.tables[0].cells]


def test_words_that_other_readers_convert_stay_words() -> None:
    rows = _rows(b"label;n\nNA;1.234\nNULL;1.234,5\nNone;007\n")
    assert [text for _, _, text in rows] == ["label", "n", "NA", "1.234", "NULL", "1.234,5", "None", "007"]


def test_line_number_is_physical_after_a_field_of_several_lines() -> None:
    rows = _rows(b'a;b\r\n"two\r\nlines";1\r\nnext;2\r\n')
    assert rows == [(1, 1, "a"), (1, 2, "b"), (2, 1, "two\r\nlines"), (2, 2, "1"), (4, 1, "next"), (4, 2, "2")]


def test_separator_line_of_excel_still_counts_as_a_line() -> None:
    rows = _rows(b"sep=|\na|b;c\n")
    assert rows == [(2, 1, "a"), (2, 2, "b;c")]


@pytest.mark.parametrize(
    ("lines", "delimiter"),
    [
        ("code,name,m,f\n400-a,Article 400; paragraph 1,0,1\n401,Article 401; paragraph 2,12,3\n", ","),
        ("code,name,m,f\nArt. 400; par. 1,0,1,2\nArt. 401; par. 2,3,4,5\n", ","),
        ('id,name\n1,"theft ""petty""; first"\n2,"fraud ""big""; second"\n', ","),
        ("code|name|m\n1|theft; petty|0\n2|fraud; big|1\n", "|"),
        ("code\tname\tm\n1\ttheft; petty\t0\n2\tfraud; big\t1\n", "\t"),
        ("offence;rate\nMurder,attempted;1,5\nTheft,petty;2,5\n", ";"),
        ("offence;rate;share\nMurder, attempted;1,5;2,5%\nTheft, petty;2,5;3,5%\n", ";"),
        ("a;b;c\n1,5;2,5;3,5\n1,5;2,5;3,5\n", ";"),
    ],
)
def test_separator_is_not_a_sign_inside_the_texts(lines: str, delimiter: str) -> None:
    assert propose_delimiter(lines) == delimiter
    assert read_file(lines.encode()).properties["delimiter"] == delimiter


def test_semicolon_wins_over_the_decimal_comma() -> None:
    assert [cell for _, _, cell in _rows(b"a;b\nx;1,5\ny;2,5\nz;3,5\n")] == [
        "a",
        "b",
        "x",
        "1,5",
        "y",
        "2,5",
        "z",
        "3,5",
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_unicode_text_of_excel_is_tab_separated_utf16(encoding: str) -> None:
    text = "Дело\tВкупно\r\nУбиство\t12\r\n"
    assert [cell for _, _, cell in _rows(text.encode(encoding))] == ["Дело", "Вкупно", "Убиство", "12"]


def test_codepage_and_delimiter_are_properties() -> None:
    grid = read_file(
        "Žene;1\nMuškarci;2\n".encode("cp1250"), encodings=("windows-1250", "iso-8859-2"), alphabets=("hr",)
    )
    assert grid.properties == {"encoding": "windows-1250", "delimiter": ";"}
    assert grid.remarks == ()


def test_an_open_quotation_mark_is_refused_with_its_line() -> None:
    with pytest.raises(ReadError) as refusal:
        read_file(b'a;b\nc;d\n"e;f\ng;h\n', delimiter=";")
    assert (refusal.value.rule, refusal.value.where.line) == ("read.csv.quote", 3)


def test_text_without_columns_is_refused() -> None:
    with pytest.raises(ReadError, match=r"read\.csv\.no_delimiter"):
        read_file(b"just words\nand more words\n")


@pytest.mark.parametrize("at", [0, 3, 40])
@pytest.mark.parametrize("field", [0, 2])
def test_unclosed_quotation_mark_is_named_with_its_line(at: int, field: int) -> None:
    lines = [["2/2026", "men", "3,00"] for _ in range(60)]
    lines[at][field] = '"' + lines[at][field]
    with pytest.raises(ReadError) as raised:
        read_file("\n".join(";".join(line) for line in lines).encode())
    assert (raised.value.rule, raised.value.where.line) == ("read.csv.quote", at + 1)
