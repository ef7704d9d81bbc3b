"""Faults of registers: ages, lengths, order, outcomes that exclude each other, numbers of events, shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.faults.edits import Edit, each_line, lines_without, set_fields
from tests.faults.fault import HR_REGISTER, RS_REGISTER, Fault, plant_fault

_HR, _RS = "cp1250", "utf-16"
_HR_LINES, _RS_LINES = range(4, 107), range(4, 412)


def list_faults() -> Iterator[Fault]:
    """Yield the faults of this module."""
    yield from _values()
    yield from _cases()
    yield from _persons()
    yield from _numbers()
    yield from _shares()


def _hr(**values: object) -> Edit:
    """Set fields of the register of Croatia, named `line_column`."""
    values_by_place = {
        f"line {key[1:].split('_')[0]} column {key.split('_')[1]}": value for key, value in values.items()
    }
    return set_fields(values_by_place, separator=";", encoding=_HR)


def _rs(**values: object) -> Edit:
    """Set fields of the register of Serbia, named `line_column`."""
    values_by_place = {
        f"line {key[1:].split('_')[0]} column {key.split('_')[1]}": value for key, value in values.items()
    }
    return set_fields(values_by_place, separator=";", encoding=_RS)


def _values() -> Iterator[Fault]:
    family = "register: age"
    for line, age in ((4, 129), (8, 2), (10, 9), (13, 115), (5, 0)):
        edit = _hr(**{f"l{line}_6": age})
        yield plant_fault(
            family, f"{age} years", HR_REGISTER, edit, f"line {line} column 6", f"line {line} *", history=False
        )

    family = "register: length"
    for name, line, months in (
        ("five hundred months, trafficking", 8, "510,0"),
        ("a hundred years, smuggling", 5, "1200,0"),
        ("no month of prison", 13, "0,0"),
        ("ten-fold, trafficking", 10, "650,0"),
    ):
        edit = _hr(**{f"l{line}_18": months})
        yield plant_fault(family, name, HR_REGISTER, edit, f"line {line} column 18", f"line {line} *", history=False)
    edit = _rs(l8_11=1020, l9_11=1020)
    yield plant_fault(
        family,
        "a thousand months, Serbia",
        RS_REGISTER,
        edit,
        "line 9 column 11",
        "line 9 *",
        "line 8 *",
        history=False,
    )
    edit = _rs(l13_11=0, l14_11=0)
    yield plant_fault(
        family,
        "no month of prison, Serbia",
        RS_REGISTER,
        edit,
        "line 14 column 11",
        "line 14 *",
        "line 13 *",
        history=False,
    )
    edit = _rs(l13_11=640, l14_11=640)
    yield plant_fault(
        family,
        "beyond every law, Serbia",
        RS_REGISTER,
        edit,
        "line 14 column 11",
        "line 14 *",
        "line 13 *",
        history=False,
    )


def _cases() -> Iterator[Fault]:
    family = "register: order of dates"
    edit = _hr(l5_14="02.07.2026.")
    yield plant_fault(
        family, "appeal before the decision", HR_REGISTER, edit, "line 5 column 14", "line 5 *", history=False
    )
    edit = _hr(l16_15="20.07.2026.")
    yield plant_fault(
        family, "decision before its appeal", HR_REGISTER, edit, "line 16 column 15", "line 16 *", history=False
    )
    edit = _hr(l11_7="20.08.2026.")
    yield plant_fault(
        family, "indicted after the decision", HR_REGISTER, edit, "line 11 column 7", "line 11 *", history=False
    )
    edit = _rs(l13_9="01.07.2026.", l14_9="01.07.2026.")
    yield plant_fault(
        family, "convicted before decided, Serbia", RS_REGISTER, edit, "line 13 column 9", "line 1*", history=False
    )

    family = "register: outcomes exclude each other"
    edit = _hr(l4_13="04.07.2026.")
    yield plant_fault(
        family, "convicted and discontinued", HR_REGISTER, edit, "line 4 column 13", "line 4 *", history=False
    )
    edit = _hr(l8_11="15.07.2026.")
    yield plant_fault(
        family, "convicted and acquitted", HR_REGISTER, edit, "line 8 column 11", "line 8 *", history=False
    )
    edit = _hr(l9_12="15.07.2026.")
    yield plant_fault(
        family, "discontinued and rejected", HR_REGISTER, edit, "line 9 column 12", "line 9 *", history=False
    )
    two = each_line(lambda s: s + s.replace("oslobađajuća presuda", "obustavljen postupak"), {36}, _RS)
    yield plant_fault(
        family,
        "acquitted and discontinued, Serbia",
        RS_REGISTER,
        two,
        "line 37 column 9",
        "line 36 *",
        "line 37 *",
        history=False,
    )

    family = "register: event without its decision"
    edit = _hr(l4_8="")
    yield plant_fault(family, "conviction", HR_REGISTER, edit, "line 4 column 9", "line 4 *", history=False)
    edit = _hr(l9_8="")
    yield plant_fault(family, "discontinuation", HR_REGISTER, edit, "line 9 column 13", "line 9 *", history=False)
    edit = lines_without({12}, _RS)
    yield plant_fault(
        family, "conviction, Serbia", RS_REGISTER, edit, "line 12 column 9", "line 12 *", "line 13 *", history=False
    )
    edit = _hr(l10_9="")
    yield plant_fault(
        family, "sanction without conviction", HR_REGISTER, edit, "line 10 column 10", "line 10 *", history=False
    )


def _persons() -> Iterator[Fault]:
    family = "register: one person, two sexes"
    edit = each_line(lambda s: s + s.replace("K076879234", "K076879235").replace(";M;29;", ";Ž;29;"), {4}, _HR)
    yield plant_fault(
        family, "in two cases", HR_REGISTER, edit, "line 5 column 5", "line 5 *", "line 4 *", history=False
    )
    edit = _rs(l6_5="muški")
    yield plant_fault(
        family,
        "in one case, Serbia",
        RS_REGISTER,
        edit,
        "line 6 column 5",
        "line 6 *",
        "line 4 *",
        "line 5 *",
        history=False,
    )
    edit = _rs(l14_5="ženski")
    yield plant_fault(
        family,
        "at the sanction, Serbia",
        RS_REGISTER,
        edit,
        "line 14 column 5",
        "line 14 *",
        "line 12 *",
        "line 13 *",
        history=False,
    )

    family = "register: one person, two ages"
    edit = each_line(lambda s: s + s.replace("K076879234", "K076879235").replace(";M;29;", ";M;51;"), {4}, _HR)
    yield plant_fault(
        family, "in two cases", HR_REGISTER, edit, "line 5 column 6", "line 5 *", "line 4 *", history=False
    )
    edit = _rs(l14_6="maloletno")
    yield plant_fault(
        family,
        "in one case, Serbia",
        RS_REGISTER,
        edit,
        "line 14 column 6",
        "line 14 *",
        "line 12 *",
        "line 13 *",
        history=False,
    )


def _numbers() -> Iterator[Fault]:
    family = "register: number of events"
    yield plant_fault(family, "second half lost, Croatia", HR_REGISTER, lines_without(range(56, 107), _HR), "*")
    yield plant_fault(family, "every other line lost, Serbia", RS_REGISTER, lines_without(range(5, 412, 2), _RS), "*")
    yield plant_fault(family, "second half lost, Serbia", RS_REGISTER, lines_without(range(208, 412), _RS), "*")
    twice = _twice(lambda s: s.replace(";K", ";L", 1).replace(";O", ";P", 1))
    yield plant_fault(family, "all lines again as new cases, Croatia", HR_REGISTER, twice, "*")

    family = "register: unknown"
    yield plant_fault(family, "sex, Croatia", HR_REGISTER, _each(5, "", _HR_LINES, _HR), "*")
    yield plant_fault(family, "age, Croatia", HR_REGISTER, _each(6, "", _HR_LINES, _HR), "*")
    yield plant_fault(family, "sex, Serbia", RS_REGISTER, _each(5, "", _RS_LINES, _RS), "*")
    yield plant_fault(family, "age, Serbia", RS_REGISTER, _each(6, "", _RS_LINES, _RS), "*")


def _shares() -> Iterator[Fault]:
    family = "register: shares"
    yield plant_fault(family, "all men, Croatia", HR_REGISTER, _each(5, "M", _HR_LINES, _HR), "*")
    yield plant_fault(family, "all women, Serbia", RS_REGISTER, _each(5, "ženski", _RS_LINES, _RS), "*")
    yield plant_fault(family, "all trafficking, Croatia", HR_REGISTER, _each(4, "106", _HR_LINES, _HR), "*")
    yield plant_fault(family, "all slavery, Serbia", RS_REGISTER, _each(4, "čl. 390 KZ", _RS_LINES, _RS), "*")
    yield plant_fault(family, "all juveniles, Croatia", HR_REGISTER, _each(6, "16", _HR_LINES, _HR), "*")
    yield plant_fault(family, "all juveniles, Serbia", RS_REGISTER, _each(6, "maloletno", _RS_LINES, _RS), "*")
    edit = each_line(lambda s: s.replace("bezuvjetna kazna zatvora", "uvjetna kazna zatvora"), _HR_LINES, _HR)
    yield plant_fault(family, "all prison suspended, Croatia", HR_REGISTER, edit, "*")


def _each(column: int, value: str, numbers: range, encoding: str) -> Edit:
    """Set one column of all records of a register."""

    def change_record(line: str) -> str:
        parts = line.split(";")
        parts[column - 1] = value
        return ";".join(parts)

    return each_line(change_record, numbers, encoding)


def _twice(change: Callable[[str], str]) -> Edit:
    """Repeat the records of the register of Croatia below themselves, changed."""

    def edit_bytes(data: bytes) -> bytes:
        lines = data.decode(_HR).splitlines(keepends=True)
        return "".join([*lines, *(change(line) for line in lines[3:])]).encode(_HR)

    return edit_bytes
