"""Files to try for each office that are not part of the demonstration: a good one, one with faults, a correction.

The good file is of the period before the demonstration begins, so that it replaces nothing. The file with faults is the
same with a few planted mistakes. The correction states the newest accepted period again, with one case or victim more.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

from tests.faults.edits import chain_edits, change_json, change_line, replace_once_in_part, replace_text, set_cell
from tests.samples import plan
from tests.samples.articles import ARTICLES
from tests.samples.cooperation.requests import Request
from tests.samples.rows import Period, SampleReturn, make_quarter, make_year
from tests.samples.simulation import Happening, Person, Stay
from tests.samples.truth import Truth, draw_truth
from tests.samples.victims import Victim
from tests.samples.writers.zipped import pack_parts

FOLDER = "try"
"""The folder of `raw_samples/` that holds them."""
LIST = "files.csv"
COLUMNS = ("file", "sha256", "kind", "sender", "jurisdiction", "instrument", "form", "periods", "expected")
Kind = Literal["good", "faults", "correction"]
Edit = Callable[[bytes], bytes]
_YEARS_MADE = 7
"""Years of returns to choose from, counted back from the last quarter."""
_BEFORE = {"Q": make_quarter(2022, 3), "A": make_year(2021)}
"""The period of a good file: the one before the first of the demonstration."""
_BEFORE_BACK_SERIES = make_year(2019)
"""The same for an office whose years 2020 and 2021 are in the demonstration too."""
_BEFORE_THE_END = timedelta(days=50)
"""Time before the end of its period at which the case or victim added by a correction is dated."""


_INTRODUCTION = """# Files to try

Start here if you want to upload a file yourself. Every file is invented, like the rest of `raw_samples/`, and none of
them is part of the demonstration. Each office has a folder with three for each kind of return:

- `good/` is a return of the period before the demonstration begins. It has no error and no warning, only the
  information that the calendar does not expect it. Send it, and let a second person approve it.
- `faults/` is the same return with a few mistakes. The validation report names each at its place. Correct the copy that
  the page offers, or the file itself, and upload it again.
- `correction/` states the newest accepted period again, with one case, victim or request more. Before it is sent, the
  page shows what changes and asks for a reason.

Sign in with the demonstration account of a sender; `make run` names the file that lists the accounts. On the command
line, `rti check FILE` gives the same answers and stores nothing. `files.csv` lists the files with their periods and the
findings to expect. `python -m tests.samples` writes this folder.
"""


@dataclass(frozen=True)
class TryFile:
    """A file to try. `expected` are the findings of severity error or warning as `rule at place`."""

    kind: Kind
    sample: SampleReturn
    data: bytes
    expected: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The path below `raw_samples/`: one folder for each office."""
        return f"{FOLDER}/{self.sample.source}/{self.kind}/{Path(self.sample.path).name}"


def make_try_files(seed: int = 2026) -> list[TryFile]:
    """Return the files of all offices, by path."""
    files = [*_make_good_files(seed), *_make_corrections(seed)]
    return sorted(files, key=lambda file: file.path)


def write_try_files(out: Path) -> list[TryFile]:
    """Write the files, their list and a README into the folder `try` of `out`."""
    files = make_try_files()
    for file in files:
        target = out / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
    (out / FOLDER / LIST).write_text(list_try_files(files), encoding="utf-8")
    (out / FOLDER / "README.md").write_text(describe_try_files(files), encoding="utf-8")
    return files


def list_try_files(files: list[TryFile]) -> str:
    """Return the text of `files.csv`."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for file in files:
        sample = file.sample
        periods = " ".join(period.code for period in sample.periods)
        digest = hashlib.sha256(file.data).hexdigest()
        office = (plan.sender_account(sample.source), sample.jurisdiction, sample.instrument, sample.form)
        writer.writerow((file.path, digest, file.kind, *office, periods, "; ".join(file.expected)))
    return buffer.getvalue()


def describe_try_files(files: list[TryFile]) -> str:
    """Return the text of `README.md`: the files of each office, and what the pages answer to them."""
    lines = [_INTRODUCTION]
    by_office: dict[tuple[str, str], dict[Kind, TryFile]] = {}
    for file in files:
        by_office.setdefault((file.sample.source, file.sample.instrument), {})[file.kind] = file
    for (source, _), kinds in sorted(by_office.items()):
        expected = ", ".join(f"`{finding}`" for finding in kinds["faults"].expected)
        paths = {kind: file.path.removeprefix(f"{FOLDER}/") for kind, file in kinds.items()}
        lines += [
            f"## {source}: {kinds['good'].sample.jurisdiction}, {kinds['good'].sample.instrument}",
            "",
            f"- `{paths['good']}`: no error and no warning.",
            f"- `{paths['faults']}`: errors, among them {expected}.",
            f"- `{paths['correction']}`: replaces the accepted return of "
            f"{' '.join(period.code for period in kinds['correction'].sample.periods)}; "
            f"*Changes* lists the differences.{_describe_warnings(kinds['correction'])}",
            "",
        ]
    return "\n".join(lines)


def _describe_warnings(correction: TryFile) -> str:
    """Return the sentence on what a correction is asked about, with a space before it, or nothing."""
    if not correction.expected:
        return ""
    findings = ", ".join(f"`{finding}`" for finding in correction.expected)
    return f" Asked about: {findings}, because the counts of the office do not have the further request."


# ---------------------------------------------------------------------------------------------------------------- good


def _make_good_files(seed: int) -> Iterator[TryFile]:
    """Yield the good file of each series, and the same with faults."""
    with plan.limit_returns(lambda due: due.period == _period_of_good_file(due.series)):
        samples = list(plan.make_returns(draw_truth(seed), None, _YEARS_MADE))
    for sample in samples:
        good = _period_of_good_file(plan.find_series(sample.jurisdiction, sample.instrument))
        if sample.kind != "full" or sample.periods[-1] != good:
            continue
        yield TryFile("good", sample, sample.data)
        edit, expected = (FAULTS_OF_REQUESTS if sample.instrument == "requests" else FAULTS)[sample.source]
        yield TryFile("faults", sample, edit(sample.data), expected)


def _period_of_good_file(series: plan.Series) -> Period:
    if (period := plan.find_first_try(series)) is not None:
        return period
    return _BEFORE_BACK_SERIES if series.freq == "A" and series.back else _BEFORE[series.freq]


# ---------------------------------------------------------------------------------------------------------- correction


def _make_corrections(seed: int) -> Iterator[TryFile]:
    """Yield the newest return of each series, stated again with one case or victim more."""
    truth = draw_truth(seed).copy_tables()
    for jurisdiction, instrument in dict.fromkeys((series.jurisdiction, series.instrument) for series in plan.SERIES):
        if instrument == "justice":
            _add_case(truth, jurisdiction, _newest_period(jurisdiction, instrument).end - _BEFORE_THE_END)
        elif instrument == "victims":
            _add_victim(truth, jurisdiction, _newest_period(jurisdiction, instrument).end - _BEFORE_THE_END)
        elif instrument == "cooperation":
            _add_request(truth, jurisdiction, _newest_period(jurisdiction, instrument).end - _BEFORE_THE_END)
        elif instrument == "requests":
            day = _newest_period(jurisdiction, instrument).end - _BEFORE_THE_END
            _add_request(truth, jurisdiction, day, closed=day + timedelta(days=20))
    with plan.limit_returns(lambda due: due.period == _newest_period(due.series.jurisdiction, due.series.instrument)):
        samples = list(plan.make_returns(truth))
    for sample in samples:
        newest = _newest_period(sample.jurisdiction, sample.instrument)
        if sample.kind == "full" and sample.periods[-1] == newest and not sample.corrects:
            expected = CORRECTED_REQUESTS[sample.source] if sample.instrument == "requests" else ()
            yield TryFile("correction", sample, sample.data, expected)


def _newest_period(jurisdiction: str, instrument: str) -> Period:
    """Return the last period of a series that the demonstration has received."""
    arrived = (due for due in plan.list_due_returns(jurisdiction, instrument) if due.received_at <= plan.CLOCK)
    return max((due.period for due in arrived), key=lambda period: period.end)


def _add_case(truth: Truth, jurisdiction: str, day: date) -> None:
    """Add a case with one defendant, who is reported, investigated and indicted on one day and then pending."""
    article = next(
        article
        for article in ARTICLES
        if article.jurisdiction == jurisdiction and article.is_valid_on(day) and article.offence.startswith("ICCS0204")
    )
    person = Person(f"{jurisdiction}-late-1", jurisdiction, article.article, article.offence, "M", 30, (12, 60))
    case = f"{jurisdiction}-late"
    stages = ("reported", "report_disposed", "investigated", "indicted")
    happenings = [Happening(measure, "prosecution", day, person, case) for measure in stages]
    truth.add_case(happenings, [Stay("pending_first", person, case, day, date(2099, 1, 1))])


def _add_request(truth: Truth, area: str, day: date, closed: date | None = None) -> None:
    """Add a request from outside the region that is received on one day and executed on another, or pending."""
    outcome = "requests_executed" if closed else ""
    request = Request("OTHER", area, "ICCS0204", "evidence", "untoc", "central", day, day, None, outcome, closed, "")
    truth.late_requests += (request,)


def _add_victim(truth: Truth, area: str, day: date) -> None:
    truth.add_victim(Victim(area, day, "identified", None, "F", 20, "sexual", "own"))


# -------------------------------------------------------------------------------------------------------------- faults


def _set_cells(values: Mapping[str, object]) -> Edit:
    """Put values into cells `Sheet!B7` of a workbook; the same bytes each time, without the time of the edit."""
    change = chain_edits(*(set_cell(address, value) for address, value in values.items()))

    def edit_bytes(data: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(data)) as original, zipfile.ZipFile(io.BytesIO(change(data))) as changed:
            properties = original.read("docProps/core.xml")
            return pack_parts(
                (name, properties if name == "docProps/core.xml" else changed.read(name)) for name in changed.namelist()
            )

    return edit_bytes


def _replace_bytes(old: str, new: str, encoding: str) -> Edit:
    """Replace the first occurrence of a text in a binary file by one of the same length."""

    def edit_bytes(data: bytes) -> bytes:
        before, after = old.encode(encoding), new.encode(encoding)
        if len(before) != len(after) or before not in data:
            raise AssertionError(f"{old!r} cannot be replaced by {new!r}")
        return data.replace(before, after, 1)

    return edit_bytes


def _report_text(old: str, new: str) -> Edit:
    """Replace a text that a PDF of the generator draws in one piece, on the first page that has it."""

    def edit_bytes(data: bytes) -> bytes:
        changed = 0

        def change_stream(match: re.Match[bytes]) -> bytes:
            nonlocal changed
            content = zlib.decompress(base64.a85decode(b"<~" + match[2].strip(), adobe=True)).decode("latin-1")
            if changed or old not in content:
                return match[0]
            changed += 1
            packed = base64.a85encode(zlib.compress(content.replace(old, new, 1).encode("latin-1")), adobe=True)
            return match[1] + packed.removeprefix(b"<~") + match[3]

        edited = re.sub(rb"(\nstream\n)(.*?)(endstream)", change_stream, data, flags=re.DOTALL)
        if not changed:
            raise AssertionError(f"the report does not hold {old!r}")
        return edited

    return edit_bytes


def _replace_once(old: str, new: str) -> Callable[[str], str]:
    return lambda content: content.replace(old, new, 1)


FAULTS: Mapping[str, tuple[Edit, tuple[str, ...]]] = {
    "AL_PP": (
        _set_cells({"Tremujori III!C9": 41, "Tremujori III!F13": "3?"}),
        ("sum.differs at Tremujori III!C9", "cell.not_a_number at Tremujori III!F13"),
    ),
    "AL_NRM": (change_line(5, _replace_once(";5;", ";50;"), "utf-8-sig"), ("sum.differs at line 4 column 7",)),
    "AL_MOJ": (
        change_line(5, _replace_once("Gjithsej;1", "Gjithsej;1x"), "utf-8-sig"),
        ("cell.not_a_number at line 5 column 11",),
    ),
    "BA_STATE_PO": (
        replace_once_in_part("word/document.xml", ">22</w:t>", ">2Z</w:t>"),
        ("cell.not_a_number at table 1 R4C3",),
    ),
    "BA_FED_PO": (
        _replace_bytes("Prijavljene osobe/lica", "Prijavljene osobe/1ica", "latin-1"),
        ("label.undeclared at Tužilaštvo-Tužiteljstvo!A8",),
    ),
    "BA_SRP_STAT": (
        replace_once_in_part("content.xml", 'office:value="5"><text:p>5<', 'office:value="15"><text:p>15<'),
        ("sum.differs at Табела 1!B8",),
    ),
    "BA_BRC_PO": (change_line(5, _replace_once("1,00", "1.00.0"), "cp1250"), ("cell.not_a_number at line 5 column 6",)),
    "BA_COORD": (
        _set_cells({"Tabela 1!C9": 29, "Tabela 1!E10": "četiri"}),
        ("sum.differs at Tabela 1!C9", "cell.not_a_number at Tabela 1!E10"),
    ),
    "BA_MOJ": (
        replace_once_in_part("word/document.xml", "Drugi partner", "Drugi partneri"),
        ("label.undeclared at table 1 R10C1",),
    ),
    "HR_MOJ": (
        replace_once_in_part("content.xml", "Druga članica EU-a", "Druga clanica EU-a"),
        ("label.undeclared at 1a!A12",),
    ),
    "HR_DZS": (change_line(251, _replace_once("2", "12"), "cp1250"), ("sum.differs at DATA line 249",)),
    "HR_MPU": (
        change_line(4, _replace_once("08.09.2022.", "28.06.2022."), "cp1250"),
        ("record.outside_period at line 4 column 8",),
    ),
    "HR_MUP": (change_json(lambda content: content["value"].__setitem__(1, 30)), ("sum.differs at value[1]",)),
    "XK_KPC": (_report_text("(40) Tj", "(4O) Tj"), ("cell.not_a_number at page 1 box (439,195,491,207)",)),
    "XK_MOJ": (
        replace_once_in_part("word/document.xml", "Partner tjetër", "Partner tjeter"),
        ("label.undeclared at table 1 R10C1",),
    ),
    "XK_NATC": (change_line(3, _replace_once(",10,", ",100,")), ("sum.differs at line 3 column 11",)),
    "MK_MOJ": (
        replace_text("<td>Црна Гора</td>", "<td>Црна гора (ЦГ)</td>"),
        ("label.undeclared at table 1 R7C1 line 20",),
    ),
    "MK_SSO": (
        _set_cells({"Т-01!B12": 62, "Т-01!A11": "Tрговија со луѓе, чл. 418-а"}),
        ("sum.differs at Т-01!B12",),
    ),
    "MK_NRM": (change_line(62, _replace_once("5 2", "50 2"), "cp1251"), ("sum.differs at DATA line 62",)),
    "ME_MOJ": (_set_cells({"1a!C14": 999}), ("sum.differs at 1a!C14",)),
    "ME_STAT": (
        change_line(26, _replace_once("<td>11</td>", "<td>1l</td>")),
        ("cell.not_a_number at table 1 R6C3 line 26",),
    ),
    "ME_NATC": (
        _replace_bytes("Potencijalne žrtve", "Potencijalne žrtvi", "utf-16-le"),
        ("label.undeclared at Žrtve!A9",),
    ),
    "RS_MOJ": (_set_cells({"1b!C14": 999}), ("sum.differs at 1b!C14",)),
    "RS_SORS": (replace_text('OBS_VALUE="14"', 'OBS_VALUE="41"'), ("sum.differs at line 15",)),
    "RS_COURTS": (
        change_line(4, _replace_once("02.07.2022.", "02.10.2022."), "utf-16"),
        ("record.outside_period at line 4 column 9",),
    ),
    "RS_CENTRE": (
        change_line(23, _replace_once("<td>6</td>", "<td>16</td>")),
        ("sum.differs at table 1 R2C3 line 22",),
    ),
}
"""The mistakes planted for each office, and the findings that name them."""
FAULTS_OF_REQUESTS: Mapping[str, tuple[Edit, tuple[str, ...]]] = {
    "AL_MOJ": (
        change_line(4, _replace_once("13.04.2022", "13.04.2023"), "utf-8-sig"),
        ("record.before_start at line 4 column 8",),
    ),
    "RS_MOJ": (_set_cells({"2023!F4": "08.02.2023."}), ("record.before_start at 2023!I4",)),
}
"""The same in records of requests."""

CORRECTED_REQUESTS: Mapping[str, tuple[str, ...]] = {
    "AL_MOJ": ("request.counts at line 42 column 6", "request.counts at line 4 column 8"),
    "RS_MOJ": ("request.counts at 2025!F52", "request.counts at 2025!H15"),
}
"""Warnings about corrected records of requests: the counts of the office do not have the further request."""
