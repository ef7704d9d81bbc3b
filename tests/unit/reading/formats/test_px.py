"""The PX reader: each trap of the format as a small file, a random cube written and read back, and real files."""

from __future__ import annotations

import pickle
import re
from itertools import product
from math import prod
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.model.content import Cube, ReadError, Where
from pipelines.reading.formats import px
from pipelines.reading.formats.px.structure import KEYWORDS
from tests.support.paths import SHARED
from tests.support.sampling import count_examples

REAL = SHARED / "real" / "px"
FILES = sorted(p for p in REAL.rglob("*") if p.suffix.lower() == ".px") if REAL.exists() else []

HEAD = (
    'MATRIX="T1";\nSUBJECT-CODE="J";\nSUBJECT-AREA="Justice";\nTITLE="Persons";\nCONTENTS="Persons";\n'
    'UNITS="persons";\nDECIMALS=0;\n'
)
VARIABLES = 'STUB="sex";\nHEADING="year";\nVALUES("sex")="men","women";\nVALUES("year")="2023","2024";\n'


def px_text(variables: str = VARIABLES, data: str = "1 2\n3 4", *, top: str = "", head: str = HEAD) -> str:
    return f"{top}{head}{variables}DATA=\n{data};\n"


def read_cube(text: str, encoding: str = "utf-8", **kwargs: tuple[str, ...]) -> Cube:
    return px.read_file(text.encode(encoding), **kwargs)


def read_error(text: str | bytes) -> ReadError:
    with pytest.raises(ReadError) as caught:
        px.read_file(text if isinstance(text, bytes) else text.encode())
    error = caught.value
    message, remedy = px.RULES[error.rule]
    assert message.format(**error.params) and remedy.format(**error.params)
    return error


def list_values(cube: Cube) -> list[object]:
    return [o.status if o.value is None else o.value for o in cube.observations]


def list_rules(cube: Cube) -> set[str]:
    for remark in cube.remarks:
        assert px.RULES[remark.rule][0].format(**remark.params)
    return {r.rule for r in cube.remarks}


def test_a_plain_file_gives_cells_in_order_with_their_lines() -> None:
    cube = read_cube(px_text())
    assert [d.id for d in cube.dimensions] == ["sex", "year"]
    assert [(o.key, o.value) for o in cube.observations] == [
        (("men", "2023"), 1),
        (("men", "2024"), 2),
        (("women", "2023"), 3),
        (("women", "2024"), 4),
    ]
    assert cube.observations[0].where == Where(line=13, keyword="DATA")
    assert cube.observations[3].where == Where(line=14, keyword="DATA")
    assert str(cube.observations[3].where) == "DATA line 14"
    assert cube.properties["UNITS"] == "persons"
    assert cube.absent == "missing"


def test_the_observations_are_a_sequence_that_compares_slices_and_pickles() -> None:
    cube = read_cube(px_text(VARIABLES + 'VALUENOTE("sex","men")="n";\n'))
    listed = tuple(cube.observations)
    assert cube.observations == listed
    assert tuple(cube.observations[i] for i in range(4)) == listed
    assert cube.observations[-1] == listed[-1]
    assert cube.observations[1:3] == listed[1:3]
    assert pickle.loads(pickle.dumps(cube)) == cube
    with pytest.raises(IndexError):
        cube.observations[4]


# 1. codepages


@pytest.mark.parametrize(
    ("top", "encoding", "used"),
    [
        ('CHARSET="ANSI";\nCODEPAGE="iso-8859-1";\n', "cp1252", "cp1252"),
        ('CHARSET="ANSI";\nCODEPAGE="ANSI";\n', "cp1252", "cp1252"),
        ('CHARSET="ANSI";\n', "cp1252", "cp1252"),
        ('CHARSET="ANSI";\nCODEPAGE="utf-8";\n', "utf-8", "utf-8"),
        ('CHARSET="ANSI";\nCODEPAGE="windows-1250";\n', "cp1250", "windows-1250"),
        ("", "utf-8-sig", "utf-8"),
        ("", "utf-16", "utf-16-le"),
        ("", "cp850", "cp850"),
    ],
)
def test_codepage_precedence_is_mark_codepage_charset_dos(top: str, encoding: str, used: str) -> None:
    cube = read_cube(px_text(top=top).replace("women", "žene" if "1250" in top else "kvinnor å€"[:9]), encoding)
    assert cube.properties["encoding"] == used
    assert cube.dimensions[0].members[1].code in ("žene", "kvinnor å")


def test_missing_charset_means_dos_text_and_is_remarked() -> None:
    cube = read_cube(px_text().replace("women", "ürün"), "cp850")
    assert cube.dimensions[0].members[1].code == "ürün"
    assert "read.px.dos_text" in list_rules(cube)


def test_the_candidates_of_the_form_come_before_the_guess_of_the_format() -> None:
    text = px_text().replace("women", "žene")
    assert read_cube(text, "cp852", encodings=("cp852",)).dimensions[0].members[1].code == "žene"
    ansi = px_text(top='CHARSET="ANSI";\n').replace("women", "жене")
    assert read_cube(ansi, "cp1251", encodings=("windows-1251",)).dimensions[0].members[1].code == "жене"


def test_impossible_codepage_is_rejected_with_byte_and_line() -> None:
    bad = px_text(top='CODEPAGE="utf-8";\n').replace("women", "жене").encode("cp1251")
    error = read_error(bad)
    assert (error.rule, error.where.line, error.params["byte"]) == ("read.encoding", 11, "0xE6")
    cube = px.read_file(bad, encodings=("windows-1251",))
    assert cube.dimensions[0].members[1].code == "жене"
    assert "read.px.codepage_failed" in list_rules(cube)


def test_a_codepage_the_form_does_not_expect_is_remarked() -> None:
    text = px_text(top='CODEPAGE="iso-8859-1";\n').replace("women", "žene")
    cube = read_cube(text, "cp1250", encodings=("windows-1250",))
    assert "read.px.codepage_differs" in list_rules(cube)


def test_an_unknown_codepage_is_refused() -> None:
    error = read_error(px_text(top='CODEPAGE="martian";\n').replace("women", "žene"))
    assert (error.rule, error.where.keyword, error.where.line) == ("read.px.codepage_unknown", "CODEPAGE", 1)


# 2. quotes


def test_quoted_texts_may_hold_every_sign_of_the_grammar() -> None:
    tricky = 'a;b=c)DATA=,"'.replace('"', "")
    text = px_text(
        f'STUB="s=)";\nHEADING="year";\nVALUES("s=)")="{tricky}","x";\nVALUES("year")="2023","2024";\n'
        'NOTE="DATA= not yet; nor here";\n'
    )
    cube = read_cube(text)
    assert cube.dimensions[0].id == "s=)"
    assert cube.dimensions[0].members[0].code == tricky


def test_adjacent_texts_join_and_repeated_notes_are_kept() -> None:
    cube = read_cube(px_text(VARIABLES + 'NOTE="first "\n"part";\nNOTE="second";\n'))
    assert cube.properties["NOTE"] == "first part\nsecond"


@pytest.mark.parametrize("broken", ['TITLE="Per"sons";', 'TITLE="Persons;', 'TITLE=Persons";'])
def test_a_broken_quotation_names_keyword_and_line(broken: str) -> None:
    error = read_error(px_text().replace('TITLE="Persons";', broken))
    assert (error.rule, error.where.keyword, error.where.line) == ("read.px.unclosed_quote", "TITLE", 4)


def test_a_mangled_keyword_is_named() -> None:
    error = read_error(px_text(VARIABLES + 'LAST/UPDATED="2024";\n'))
    assert (error.rule, error.where.keyword, error.where.line) == ("read.px.keyword", "LAST/UPDATED", 12)


def test_keyword_with_a_dot_is_remarked_like_any_unknown_keyword() -> None:
    cube = read_cube(px_text(VARIABLES + 'LAST.UPDATED="2024";\nCREATION.DATE("sex")="2024";\n'))
    assert list_rules(cube) == {"read.px.unknown_keyword"}
    assert cube.properties["LAST.UPDATED"] == "2024"


# 3. KEYS


@pytest.mark.parametrize("kind", ["CODES", "VALUES"])
def test_keys_name_rows_and_absent_rows_are_zero(kind: str) -> None:
    row = "2" if kind == "CODES" else "women"
    keywords = f'CODES("sex")="1","2";\nKEYS("sex")={kind};\nVALUENOTE("year","2024")="new";\n'
    text = px_text(VARIABLES + keywords, f'"{row}",5 ".."')
    cube = read_cube(text)
    assert cube.absent == "zero"
    assert [(o.key, o.value, o.status, o.notes) for o in cube.observations] == [
        (("2", "2023"), 5, None, ()),
        (("2", "2024"), None, "..", ("new",)),
    ]
    assert [cube.observations[index] for index in range(2)] == list(cube.observations)


def test_keys_of_a_row_must_be_known_complete_and_single() -> None:
    keyed = VARIABLES + 'KEYS("sex")=VALUES;\n'
    assert read_error(px_text(keyed, '"girls",5 6')).rule == "read.px.key"
    short = read_error(px_text(keyed, '"men",5\n"women",6 7'))
    assert (short.rule, short.where.line) == ("read.px.row_count", 14)
    assert read_error(px_text(keyed, '"men",5 6\n"women",6')).rule == "read.px.row_count"
    assert read_error(px_text(keyed, '"men",5 6\n"men",6 7')).rule == "read.px.repeated_row"
    assert read_error(px_text(VARIABLES + 'KEYS("sex")=TEXT;\n', '"men",5 6')).rule == "read.px.keys"


# 4. signs


def test_signs_are_read_quoted_and_bare_and_dividers_mix() -> None:
    cube = read_cube(px_text(data='"-", .. ;\t"......"\n-1.50'))
    assert list_values(cube) == ["-", "..", "......", -1.5]
    assert list_values(read_cube(px_text(data='".""..""-"7'))) == [".", "..", "-", 7]


def test_meaning_of_signs_is_that_of_the_office() -> None:
    symbols = 'DATASYMBOL1="not applicable";\nDATASYMBOL2="..";\nDATASYMBOLNIL="zero";\nDATASYMBOLSUM="sum";\n'
    cube = read_cube(px_text(VARIABLES + symbols))
    assert cube.symbols == {".": "not applicable", "..": "..", "-": "zero", ".......": "sum"}


@pytest.mark.parametrize("cell", ["n.a.", '"x"', "1e999", '"12"', "1_0", "nan", "........"])
def test_cell_that_is_neither_number_nor_sign_is_rejected(cell: str) -> None:
    error = read_error(px_text(data=f"1 2\n3 {cell}"))
    assert (error.rule, error.where.line, error.where.keyword) == ("read.px.cell", 14, "DATA")


# 5. TIMEVAL


@pytest.mark.parametrize(
    ("timeval", "codes", "labels"),
    [
        ('TLIST(A1,"2023"-"2024")', ["2023", "2024"], ["2023", "2024"]),
        ('TLIST(Q1,"20234"-"20241")', ["20234", "20241"], ["2023Q4", "2024Q1"]),
        ('TLIST(M1), "202312","202401"', ["202312", "202401"], ["2023M12", "2024M01"]),
        ('TLIST(A1),"2023"-"2024"', ["2023", "2024"], ["2023", "2024"]),
        ('TLIST(Q1), "20234" - "20241"', ["20234", "20241"], ["2023Q4", "2024Q1"]),
        ('TLIST(W1,"202052"-"202053")', ["202052", "202053"], ["2020W52", "2020W53"]),
        ('TLIST(H1,"20232"-"20241")', ["20232", "20241"], ["2023H2", "2024H1"]),
    ],
)
def test_periods_come_from_timeval_where_values_are_absent(timeval: str, codes: list[str], labels: list[str]) -> None:
    variables = f'STUB="sex";\nHEADING="year";\nVALUES("sex")="men","women";\nTIMEVAL("year")={timeval};\n'
    time = read_cube(px_text(variables)).dimensions[1]
    assert ([m.code for m in time.members], [m.labels["und"] for m in time.members]) == (codes, labels)
    assert time.role == "time"


def test_a_single_period_and_a_wrong_list() -> None:
    variables = 'STUB="sex";\nHEADING="year";\nVALUES("sex")="men","women";\nTIMEVAL("year")=TLIST(A1),"2023";\n'
    assert list_values(read_cube(px_text(variables, "1 2"))) == [1, 2]
    assert (
        read_error(px_text(variables.replace('TLIST(A1),"2023"', 'TLIST(A1,"2024"-"2023")'))).rule == "read.px.timeval"
    )
    assert read_error(px_text(variables.replace('TLIST(A1),"2023"', '"2023"'))).where.keyword == 'TIMEVAL("year")'
    for wrong in ('TLIST(A1),"2024"-"2023"', 'TLIST(A1),"2020","2022"-"2023"', 'TLIST(A1,"2022"-"2023"),"2024"-"2025"'):
        assert read_error(px_text(variables.replace('TLIST(A1),"2023"', wrong))).rule == "read.px.timeval"
    assert read_error(px_text().replace('TITLE="Persons"', 'TITLE="Per"-"sons"')).rule == "read.px.unclosed_quote"
    cube = read_cube(px_text(VARIABLES + 'TIMEVAL("year")=TLIST(A1),"2023","2024","2025";\n'))
    assert "read.px.timeval_count" in list_rules(cube)


# 6. languages

TWO = (
    'STUB="sex";\nHEADING="year";\nSTUB[sq]="gjinia";\nHEADING[sq]="viti";\nVALUES("sex")="men","women";\n'
    'VALUES("year")="2023","2024";\nVALUES[sq]("gjinia")="femra","meshkuj";\nVALUES[sq]("viti")="2023","2024";\n'
    'CODES("sex")="M","F";\nCODES[sq]("gjinia")="F","M";\n'
)


def test_languages_are_joined_by_codes_and_not_by_order() -> None:
    cube = read_cube(px_text(TWO, top='LANGUAGE="en";\nLANGUAGES="en","sq";\n'))
    sex = cube.dimensions[0]
    assert sex.labels == {"en": "sex", "sq": "gjinia"}
    assert [(m.code, m.labels) for m in sex.members] == [
        ("M", {"en": "men", "sq": "meshkuj"}),
        ("F", {"en": "women", "sq": "femra"}),
    ]
    assert (cube.default_language, cube.languages) == ("en", ("en", "sq"))


def test_labels_of_a_language_that_do_not_fit_are_left_out_and_remarked() -> None:
    cube = read_cube(px_text(TWO.replace('"F","M";', '"F","X";'), top='LANGUAGE="en";\n'))
    assert cube.dimensions[0].members[0].labels == {"en": "men"}
    assert "read.px.language_labels" in list_rules(cube)


# 7. contents variable

CONTENTS = (
    'STUB="sex";\nHEADING="what";\nCONTVARIABLE="what";\nVALUES("sex")="men","women";\nVALUES("what")="cases","rate";\n'
    'UNITS("cases")="number";\nUNITS("rate")="per 100,000";\nLAST-UPDATED("cases")="20240101";\n'
    'PRECISION("what","rate")=1;\n'
)


def test_units_are_those_of_each_content() -> None:
    cube = read_cube(px_text(CONTENTS))
    assert cube.dimensions[1].role == "metric"
    assert [o.attributes["UNITS"] for o in cube.observations] == ["number", "per 100,000"] * 2
    assert cube.observations[0].attributes["LAST-UPDATED"] == "20240101"
    assert cube.properties['PRECISION("what","rate")'] == "1"


@pytest.mark.parametrize(("old", "new", "line"), [('E="what"', 'E="x"', 10), ('UNITS("rate")', 'UNITS("x")', 14)])
def test_a_contents_variable_that_does_not_exist_is_refused(old: str, new: str, line: int) -> None:
    error = read_error(px_text(CONTENTS.replace(old, new)))
    assert (error.rule, error.where.line) == ("read.px.contvariable", line)


# 8. CONFIDENTIAL, 10. AGGREGALLOWED


def test_confidential_is_remarked_and_left_to_the_form() -> None:
    cube = read_cube(px_text(VARIABLES + "CONFIDENTIAL=1;\nAGGREGALLOWED=NO;\n"))
    assert cube.properties["CONFIDENTIAL"] == "1"
    assert "read.px.confidential" in list_rules(cube)
    assert cube.properties["AGGREGALLOWED"] == "NO"
    assert list_values(cube) == [1, 2, 3, 4]
    assert "read.px.confidential" not in list_rules(read_cube(px_text(VARIABLES + 'CONFIDENTIAL="0";\n')))


# 9. notes


def test_notes_marks_and_attributes_belong_to_their_cells() -> None:
    notes = (
        'CODES("sex")="M","F";\nNOTE="table";\nNOTEX("sex")="variable";\nVALUENOTE("sex","women")="women";\n'
        'VALUENOTEX("year","2024")="2024";\nCELLNOTE("*","2024")="all of 2024";\nCELLNOTEX("men","2023")="one cell";\n'
        'DATANOTECELL("F","*")="a";\nATTRIBUTE-ID="ObsStatus","ObsConf";\nATTRIBUTES="A","F";\n'
        'ATTRIBUTES("M","2024")="P","";\n'
    )
    cube = read_cube(px_text(VARIABLES + notes))
    assert [o.notes for o in cube.observations] == [
        ("table", "variable", "one cell"),
        ("table", "variable", "2024", "all of 2024"),
        ("table", "variable", "women"),
        ("table", "variable", "women", "2024", "all of 2024"),
    ]
    assert [cube.observations[index] for index in range(4)] == list(cube.observations)
    assert [o.attributes for o in cube.observations] == [
        {"ObsStatus": "A", "ObsConf": "F"},
        {"ObsStatus": "P", "ObsConf": "F"},
        {"ObsStatus": "A", "ObsConf": "F", "DATANOTECELL": "a"},
        {"ObsStatus": "A", "ObsConf": "F", "DATANOTECELL": "a"},
    ]
    assert list_rules(cube) <= {"read.px.codepage_missing"}


@pytest.mark.parametrize("note", ['CELLNOTE("*")', 'CELLNOTE("*","1999")', 'VALUENOTE("sex","x")', 'NOTE("x")'])
def test_note_without_a_cell_is_remarked(note: str) -> None:
    cube = read_cube(px_text(VARIABLES + f'{note}="lost";\n'))
    assert "read.px.note_place" in list_rules(cube)
    assert all("lost" not in o.notes for o in cube.observations)


# 11. cell count, mandatory keywords


@pytest.mark.parametrize(("data", "seen"), [("1 2 3", 3), ("1 2\n3 4 5", 5), ("", 0), ("1,5 2\n3 4", 5)])
def test_the_number_of_cells_must_be_the_product(data: str, seen: int) -> None:
    error = read_error(px_text(data=data))
    assert (error.rule, error.params["seen"], error.params["expected"]) == ("read.px.count", seen, 4)
    assert error.where.keyword == "DATA" and error.where.line


@pytest.mark.parametrize(
    "keyword", ["MATRIX", "SUBJECT-CODE", "SUBJECT-AREA", "TITLE", "CONTENTS", "UNITS", "DECIMALS"]
)
def test_missing_mandatory_keyword_is_rejected(keyword: str) -> None:
    text = "\n".join(line for line in px_text().split("\n") if not line.startswith(keyword + "="))
    error = read_error(text)
    assert (error.rule, error.where.keyword, error.where.line) == ("read.px.mandatory_keyword", keyword, 11)


def test_title_may_be_replaced_by_description() -> None:
    assert list_values(read_cube(px_text().replace("TITLE=", "DESCRIPTION="))) == [1, 2, 3, 4]


def test_missing_data_variables_or_values_are_rejected() -> None:
    assert read_error(px_text().split("DATA=")[0]).where.keyword == "DATA"
    assert read_error(px_text('VALUES("sex")="men","women";\n')).where.keyword == "STUB"
    misspelt = read_error(px_text(VARIABLES.replace('VALUES("sex")', 'VALUES("sx")')))
    assert (misspelt.where.keyword, misspelt.where.line) == ("VALUES", 10)
    missing = read_error(px_text(VARIABLES.replace('VALUES("sex")="men","women";\n', "")))
    assert (missing.params["keyword"], missing.where.line) == ('VALUES("sex")', 8)


def test_codes_must_match_values_and_be_single() -> None:
    error = read_error(px_text(VARIABLES + 'CODES("sex")="M";\n'))
    assert (error.rule, error.where.line) == ("read.px.codes_count", 12)
    assert read_error(px_text(VARIABLES + 'CODES("sex")="M","M";\n')).rule == "read.px.repeated_member"
    assert read_error(px_text(VARIABLES + 'STUB="sex";\n')).rule == "read.px.repeated"
    assert read_error(px_text(VARIABLES.replace('HEADING="year"', 'HEADING="sex"'))).rule == "read.px.repeated_variable"


def test_small_faults_are_remarks() -> None:
    faults = 'SHOWDECIMALS=7;\nAGGREGALLOWED=2;\nDOMAIN("sexx")="d";\nSTRANGE="x";\n'
    remarked_rules = list_rules(read_cube(px_text(VARIABLES + faults)))
    assert remarked_rules >= {
        "read.px.decimals",
        "read.px.yes_no",
        "read.px.unknown_variable",
        "read.px.unknown_keyword",
    }


def test_empty_and_meaningless_files_are_rejected() -> None:
    assert read_error(b"").rule == "read.empty"
    assert read_error(b" \r\n\x1a").rule == "read.empty"
    assert read_error(b"\x01\x02 hello").rule == "read.px.keyword"
    assert read_error(px_text().replace('VALUES("sex")', 'VALUES("sex"')).rule == "read.px.subkey"
    assert read_error(px_text().split("UNITS")[0] + 'UNITS="x"').rule == "read.px.unended"


def test_all_keywords_of_the_specification_are_known() -> None:
    assert len(KEYWORDS) == 85


def test_sniffing() -> None:
    assert px.looks_like(px_text().encode())
    assert px.looks_like(px_text().encode("utf-16"))
    assert not px.looks_like(b"STRUCTURE,STRUCTURE_ID\n")
    assert not px.looks_like(b'{"STUB=": 1}')
    assert not px.looks_like(b"TITLE = 1\n")


# a random cube, written by code that is independent of the reader

TEXT = st.text(st.sampled_from("abcšжДë ;=),.(-[]:*#'\t0123456789"), min_size=1, max_size=8).map(str.strip).filter(bool)
CELL = st.one_of(
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.sampled_from([".", "..", "...", "....", ".....", "......", "-"]),
)


@st.composite
def random_cubes(draw: st.DrawFn) -> tuple[list[str], list[list[str]], int, list[object]]:
    names = draw(st.lists(TEXT, min_size=1, max_size=4, unique=True))
    members = [draw(st.lists(TEXT, min_size=1, max_size=4, unique=True)) for _ in names]
    stub = draw(st.integers(0, len(names)))
    size = prod(len(m) for m in members)
    return names, members, stub, draw(st.lists(CELL, min_size=size, max_size=size))


@settings(max_examples=count_examples(60), deadline=None)
@given(
    cube=random_cubes(),
    divider=st.sampled_from([" ", ",", ";", "\t", "\r\n", " ; "]),
    quoted=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    keyed=st.booleans(),
)
def test_random_cube_survives_a_round_trip(
    cube: tuple[list[str], list[list[str]], int, list[object]], divider: str, quoted: bool, encoding: str, keyed: bool
) -> None:
    names, members, stub, cells = cube
    lines = [HEAD]
    for keyword, part in (("STUB", names[:stub]), ("HEADING", names[stub:])):
        if part:
            lines.append(f"{keyword}={','.join(chr(34) + n + chr(34) for n in part)};")
    for name, entries in zip(names, members, strict=True):
        lines.append('VALUES("{}")={};'.format(name, ",\n".join(f'"{e}"' for e in entries)))
    keyed = keyed and stub > 0
    if keyed:
        lines += [f'KEYS("{name}")=VALUES;' for name in names[:stub]]
    written = [f'"{c}"' if isinstance(c, str) and quoted else str(c) for c in cells]
    keys = list(product(*members))
    if keyed:
        width = prod(len(m) for m in members[stub:])
        rows = [(keys[i][:stub], cells[i : i + width], written[i : i + width]) for i in range(0, len(cells), width)]
        written_rows = [(k, w) for k, c, w in rows if any(value != 0 or isinstance(value, str) for value in c)]
        lines.append("DATA=")
        lines += [",".join(f'"{part}"' for part in key) + "," + " ".join(row) for key, row in written_rows]
        lines.append(";")
    else:
        lines.append("DATA=\n" + divider.join(written) + ";")
    got = px.read_file("\n".join(lines).encode(encoding))
    observed = {o.key: o.status if o.value is None else o.value for o in got.observations}
    expected = dict(zip(keys, cells, strict=True))
    if keyed:
        assert got.absent == "zero"
        assert all(expected[key] == 0 for key in expected.keys() - observed.keys())
        expected = {key: expected[key] for key in observed}
    assert observed == expected
    assert [got.observations[i] for i in range(len(got.observations))] == list(got.observations)


# real files

UNCLOSED = {
    ("fatal", "Codes", 24), ("fatal", "Heading", 16), ("fatal", "Matrix", 8), ("fatal", "Stub", 15),
    ("fatal", "SubjectArea", 6), ("fatal", "Unit", 14), ("fatal", "Values", 18), ("continue", "Contact", 45),
    ("continue", "Description", 10), ("continue", "Map", 33), ("continue", "Note", 49), ("continue", "Source", 44),
    ("continue", "ValueNote", 60), ("continue", "Valuenotex", 59),
}  # fmt: skip
BROKEN = {
    **{f"{folder}/BE0101F1error{name}.px": ("read.px.unclosed_quote", line) for folder, name, line in UNCLOSED},
    "fatal/BE0101F1errorContVariableunits.px": ("read.px.contvariable", 42),
    "fatal/BE0101F1errorContvariable.px": ("read.px.contvariable", 17),
    "fatal/BE0101F1errorVarValue.px": ("read.px.mandatory_keyword", 18),
    "fatal/BE0101F1errormissingValues.px": ("read.px.mandatory_keyword", 15),
    "fatal/BE0101F1misingSubjectArea.px": ("read.px.mandatory_keyword", 90),
    "fatal/BE0101F1missingContents.px": ("read.px.mandatory_keyword", 90),
    "fatal/BE0101F1missingData.px": ("read.px.mandatory_keyword", 80),
    "fatal/BE0101F1missingDecimal.px": ("read.px.mandatory_keyword", 89),
    "fatal/BE0101F1missingMatrix.px": ("read.px.mandatory_keyword", 90),
    "fatal/BE0101F1missingStubHeading.px": ("read.px.mandatory_keyword", 89),
    "fatal/BE0101F1missingSubjectCode.px": ("read.px.mandatory_keyword", 90),
    "fatal/BE0101F1missingTitle.px": ("read.px.mandatory_keyword", 88),
    "fatal/BE0101F1missingUnit.px": ("read.px.mandatory_keyword", 90),
}
"""Rule and line of the planted fault in each file, found by comparing it with the correct template next to it."""


def find_planted_fault(path: Path) -> tuple[str, int] | None:
    return BROKEN.get(f"{path.parent.name}/{path.name}")


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the real files are not next to the project")
@pytest.mark.parametrize(
    "path", [p for p in FILES if not find_planted_fault(p)], ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_real_files_are_read_completely(path: Path) -> None:
    data = path.read_bytes()
    assert px.looks_like(data[:4096])
    cube = px.read_file(data)
    list_rules(cube)
    # counted roughly and independently of the reader: texts in quotation marks, words after DATA
    text = data.decode("latin-1")
    header, body = re.split(r"^DATA\s*=", text, maxsplit=1, flags=re.MULTILINE)
    variable_names = re.findall(
        r'"([^"]*)"', "".join(re.findall(r"^(?:STUB|HEADING)\s*=([^;]*);", header, re.MULTILINE))
    )
    assert len(cube.dimensions) == len(variable_names)
    size = 1
    for name in variable_names:
        stated = re.search(r'^VALUES\(\s*"' + re.escape(name) + r'"\s*\)\s*=(.*?);\s*$', header, re.M | re.S)
        assert stated
        size *= len(re.findall(r'"[^"]*"', stated[1]))
    assert cube.properties["cells"] == size
    if cube.absent == "missing":
        words = re.sub(r"[,;\t]", " ", body).replace('"', "").split()
        assert len(cube.observations) == size == len(words)
        numbers = [float(w) for w in words if re.search(r"\d", w)]
        read_ = [o.value for o in cube.observations if o.value is not None]
        assert (len(read_), sum(read_)) == (len(numbers), pytest.approx(sum(numbers)))
    else:
        assert 0 < len(cube.observations) <= size


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the real files are not next to the project")
@pytest.mark.parametrize("path", [p for p in FILES if find_planted_fault(p)], ids=lambda p: f"{p.parent.name}/{p.name}")
def test_faulty_files_are_rejected_at_keyword_and_line(path: Path) -> None:
    error = read_error(path.read_bytes())
    assert (error.rule, error.where.line) == find_planted_fault(path)
    assert error.where.keyword


@pytest.mark.shared
@pytest.mark.skipif(not FILES, reason="the real files are not next to the project")
def test_every_listed_fault_has_its_file() -> None:
    assert sum(1 for p in FILES if find_planted_fault(p)) == len(BROKEN)
