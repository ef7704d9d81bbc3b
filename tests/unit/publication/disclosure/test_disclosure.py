"""Disclosure: the leaves of known tables, protection against an independent brute-force intruder, planted leaks."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core import codes
from pipelines.publication.disclosure import audit, lp, programme, protect, space, ties

KEY = ("area_kind", "area", "territory", "freq", "period", *space.BLOCK, *space.DETAIL)


def cell(
    area: str, value: float | None, *, kind: str = "territory", period: str = "2024", **over: object
) -> dict[str, object]:
    row: dict[str, object] = dict.fromkeys(space.DETAIL, "_T")
    row |= {
        "area_kind": kind,
        "area": area,
        "territory": area,
        "freq": "Q" if "-Q" in period else "A",
        "period": period,
        "measure": "convicted_first",
        "level": "first",
        "count_unit": "person",
        "statistic": "count",
        "offence_group": "TIP",
        "value": value,
        "obs_status": "A",
        "flags": None,
        "reporters": area,
        "is_additive": True,
        "table_id": "t",
    }
    return row | over


def frame(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), infer_schema_length=None).with_columns(pl.col("value").cast(pl.Float64))


def region(value: float, reporters: str, **over: object) -> dict[str, object]:
    return cell("WB", value, kind="region", reporters=reporters, **over)


def test_a_total_is_the_union_of_its_parts() -> None:
    known = space.build_space(frame(cell("AA", 3), cell("BB", 4), region(7, "AA,BB")))
    assert known.matrix.toarray().sum(axis=1).tolist() == [1, 1, 2]


def test_an_area_that_did_not_report_adds_nothing_to_the_region() -> None:
    known = space.build_space(
        frame(cell("AA", 3), cell("BB", 4), region(3, "AA", period="2024-Q1"), region(7, "AA,BB"))
    )
    matrix = known.matrix.toarray()
    assert matrix[2].sum() < matrix[3].sum()


def test_a_year_that_is_not_its_quarters_stands_apart() -> None:
    quarters = [cell("AA", 2, period=f"2024-Q{q}") for q in range(1, 5)]
    equal = space.build_space(frame(*quarters, cell("AA", 8)))
    apart = space.build_space(frame(*quarters, cell("AA", 9)))
    assert np.linalg.matrix_rank(equal.matrix.toarray()) == 4
    assert np.linalg.matrix_rank(apart.matrix.toarray()) == 5


def test_a_total_that_is_not_additive_is_no_sum_of_its_jurisdictions() -> None:
    parts = [cell(f"A{i}", 6, kind="jurisdiction", territory="AA") for i in range(2)]
    joined = space.build_space(frame(*parts, cell("AA", 12)))
    apart = space.build_space(frame(*parts, cell("AA", 11, is_additive=False)))
    assert np.linalg.matrix_rank(joined.matrix.toarray()) == 2
    assert np.linalg.matrix_rank(apart.matrix.toarray()) == 3


def test_fractions_and_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="whole"):
        space.build_space(frame(cell("AA", 1.5)))
    with pytest.raises(ValueError, match="whole"):
        space.build_space(frame(cell("AA", -1)))


def hidden_of(protected: pl.DataFrame) -> list[bool]:
    return (protected["conf_status"] != "F").to_list()


def test_one_small_cell_takes_a_second_one_with_it() -> None:
    done = protect.hide_small_counts(frame(cell("AA", 3), cell("BB", 40), cell("CC", 50), region(93, "AA,BB,CC")))
    assert done.cells["conf_status"][0] == "A"
    assert sum(hidden_of(done.cells)) == 2
    assert done.cells.filter(pl.col("conf_status") == "D").height == 1
    assert done.report.passed


def test_hidden_cells_are_empty_and_say_withheld() -> None:
    done = protect.hide_small_counts(frame(cell("AA", 3), cell("BB", 40), region(43, "AA,BB")))
    hidden = done.cells.filter(pl.col("conf_status") != "F")
    assert hidden["value"].null_count() == hidden.height
    assert set(hidden["obs_status"]) == {"Q"}


def test_missing_and_zero_pass_unchanged_where_nothing_is_small() -> None:
    rows = frame(cell("AA", None, obs_status="O"), cell("BB", 0), cell("CC", 50), region(50, "BB,CC"))
    done = protect.hide_small_counts(rows)
    assert done.cells["value"].to_list() == [None, 0, 50, 50]
    assert done.cells["obs_status"].to_list() == ["O", "A", "A", "A"]


def test_one_cell_in_two_tables_gets_one_treatment() -> None:
    rows = frame(cell("AA", 3), cell("BB", 40), region(43, "AA,BB"))
    done = protect.hide_small_counts(pl.concat([rows, rows.with_columns(pl.lit("u").alias("table_id"))]))
    assert hidden_of(done.cells)[:3] == hidden_of(done.cells)[3:]


def test_a_block_seen_before_is_remembered_and_a_changed_one_is_not(tmp_path: Path) -> None:
    rows = frame(cell("AA", 3), cell("BB", 40), cell("CC", 50), region(93, "AA,BB,CC"))
    fresh = protect.hide_small_counts(rows, cache=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    assert protect.hide_small_counts(rows, cache=tmp_path).cells.equals(fresh.cells)
    protect.hide_small_counts(
        frame(cell("AA", 4), cell("BB", 40), cell("CC", 50), region(94, "AA,BB,CC")), cache=tmp_path
    )
    assert len(list(tmp_path.iterdir())) == 2


def test_totals_that_contradict_each_other_are_refused_by_name() -> None:
    with pytest.raises(protect.ProtectError, match=r"contradict each other, for instance at (AA|BB|WB) 2024"):
        protect.hide_small_counts(frame(cell("AA", 3), cell("BB", 40), region(50, "AA,BB")))


@pytest.mark.parametrize("hidden", [[0], [0, 3]])
def test_the_audit_fails_a_planted_leak(hidden: list[int]) -> None:
    """Three territories and their sum with one hidden: plain subtraction gives it away."""
    known = space.build_space(frame(cell("AA", 3), cell("BB", 40), cell("CC", 50), region(93, "AA,BB,CC")))
    mask = np.zeros(4, dtype=bool)
    mask[hidden] = True
    report = audit.audit_block(known, mask, name="leak", width=2)
    assert report.passed == (len(hidden) > 1)
    if not report.passed:
        assert report.disclosed == (0,)


def test_the_audit_calls_one_value_of_play_narrow() -> None:
    known = space.build_space(frame(cell("AA", 1), cell("BB", 0), region(1, "AA,BB")))
    report = audit.audit_block(known, np.array([True, True, False]), name="narrow", width=2)
    assert report.narrow == (0, 1)


def brute_force(
    values: dict[tuple[str, str], int], hidden: set[tuple[str, str]], top: int
) -> dict[tuple[str, str], set[int]]:
    """All values each hidden cell takes over all small whole 2 x 2 tables that agree with the published cells.

    Written from the definition of an intruder, without leaves, programs or solvers.
    """
    possible: dict[tuple[str, str], set[int]] = {key: set() for key in hidden}
    for a, b, c, d in product(range(top + 1), repeat=4):
        table = {
            ("AA", "M"): a,
            ("AA", "F"): b,
            ("BB", "M"): c,
            ("BB", "F"): d,
            ("AA", "_T"): a + b,
            ("BB", "_T"): c + d,
        }
        if all(key in hidden or table[key] == value for key, value in values.items()):
            for key in hidden:
                possible[key].add(table[key])
    return possible


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 6)] * 4))
def test_nothing_can_be_worked_out_by_trying_every_table(counts: tuple[int, int, int, int]) -> None:
    a, b, c, d = counts
    values = {("AA", "M"): a, ("AA", "F"): b, ("BB", "M"): c, ("BB", "F"): d, ("AA", "_T"): a + b, ("BB", "_T"): c + d}
    done = protect.hide_small_counts(frame(*(cell(area, value, sex=sex) for (area, sex), value in values.items())))
    hidden = {key for key, is_hidden in zip(values, hidden_of(done.cells), strict=True) if is_hidden}
    assert all((0 < value < 5 and key in hidden) or not 0 < value < 5 for key, value in values.items())
    for key, possible in brute_force(values, hidden, top=12).items():
        assert max(possible) - min(possible) >= 2, (key, values, hidden)


def test_every_table_of_the_programme_selects_what_it_declares() -> None:
    rows = frame(
        cell("AA", 5),
        cell("AA", 5, sex="M"),
        cell("AA", 5, sex="M", age="Y_GE18"),
        cell("AA", 5, period="2024-Q1"),
        cell("A1", 5, kind="jurisdiction", territory="AA"),
    )
    chosen = programme.select_rows(rows)
    assert dict(chosen.group_by("table_id").len().iter_rows()) == {
        "area_year": 1,
        "territory_year_sex": 1,
        "area_quarter": 1,
        "jurisdiction_year": 1,
    }


def test_a_difference_below_zero_is_missing_and_holds_up_nothing() -> None:
    below = cell("AA", -3, period="2024-Q2", obs_status="A", flags="derived,negative_difference")
    chosen = programme.select_rows(frame(below, cell("BB", 7, period="2024-Q2")))
    assert chosen.select("area", "value", "obs_status").rows() == [("AA", None, "O"), ("BB", 7.0, "A")]


def test_a_programme_with_an_unknown_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="convictions"):
        programme.Table(id="x", title="x", areas=["region"], freqs=["A"], measures=["convictions"], dimensions=[])


def test_a_cell_of_two_tables_counts_once_in_its_total() -> None:
    """Seen in the victims: counted twice, parts exceed their total, which then protects none of them."""
    rows = [
        cell("AA", value, victim_status=status, table_id=table)
        for table in ("t", "u")
        for status, value in (("_T", 9), ("presumed", 4), ("identified", 5))
    ]
    assert hidden_of(protect.hide_small_counts(frame(*rows)).cells) == [False, True, True] * 2


def test_an_injured_party_is_no_part_of_the_victims() -> None:
    rows = [
        cell("AA", value, victim_status=status)
        for status, value in (("_T", 9), ("presumed", 4), ("identified", 5), ("injured_party", 8))
    ]
    assert hidden_of(protect.hide_small_counts(frame(*rows)).cells) == [False, True, True, False]


def test_the_highest_total_is_kept_where_another_will_do() -> None:
    """Two pools share years; the one that no published cell holds bounds those below it, and stays."""
    values = {"2020": 1, "2021": 4, "2022": 2, "2023": 2, "2024": 1, "2025": 4}
    pools = {"2020-2022": 7, "2023-2025": 7, "2021-2025": 13}
    rows = [cell("AA", v, period=p, freq="P3" if "-" in p else "A") for p, v in (values | pools).items()]
    done = protect.hide_small_counts(frame(*rows)).cells
    shown = dict(zip(done["period"], done["value"], strict=True))
    assert shown["2020-2022"] == 7
    assert shown["2021-2025"] == 13
    assert shown["2023-2025"] is None


def test_a_table_that_would_hold_a_cell_twice_is_refused() -> None:
    table = programme.Table(
        id="t", title="T", areas=["territory"], freqs=["A"], measures=["convicted_first"], dimensions=[]
    )
    only = programme.Programme(stages=[], movements=[], tables=[table])
    twins = frame(cell("AA", 7), cell("AA", 7, sentence_type="_Z"))
    with pytest.raises(programme.ProgrammeError, match="AA 2024 convicted_first"):
        programme.select_rows(twins, only)
    assert programme.select_rows(twins.head(1), only).height == 1


def decided(counts: dict[str, float], **over: object) -> list[dict[str, object]]:
    return [cell("AA", value, measure=measure, **over) for measure, value in counts.items()]


def test_a_total_is_no_secret_beside_its_one_category_told() -> None:
    """AA tells one offence alone and BB two: another area's second is no cover for AA's withheld total."""
    rows = frame(
        cell("AA", 25),
        cell("AA", 25, offence="ICCS0204"),
        cell("BB", 30),
        cell("BB", 20, offence="ICCS0204"),
        cell("BB", 10, offence="ICCS02044"),
    )
    known = space.build_space(rows)
    mask = np.zeros(len(known.values), dtype=bool)
    mask[known.rows[0]] = True
    # The two are one cell to a reader, and one row: hidden together or not at all.
    assert known.rows[0] == known.rows[1]
    assert known.matrix.toarray().sum(axis=1).tolist() == [1, 2, 1, 1]


def test_a_category_that_the_region_alone_tells_may_be_anybodys() -> None:
    rows = frame(
        cell("AA", 9, sex="F"),
        cell("AA", 9),
        region(9, "AA", sex="F"),
        region(4, "AA", sex="M"),
        region(13, "AA"),
        cell("AA", 13, period="2023"),
    )
    known = space.build_space(rows)
    assert known.matrix[known.rows[3]].nnz > 0


def test_a_regional_cell_of_two_categories_that_no_one_reporter_tells_is_not_in_the_programme() -> None:
    """AA's table has a gap at the young and BB's at the women: young women of the region could be nobody's."""
    rows = frame(
        cell("AA", 30),
        cell("AA", 12, sex="F"),
        cell("AA", 18, sex="M"),
        cell("AA", 24, age="Y_GE18"),
        cell("BB", 40),
        cell("BB", 33, sex="M"),
        cell("BB", 9, age="Y_LT18"),
        cell("BB", 31, age="Y_GE18"),
        region(70, "AA,BB"),
        region(7, "AA,BB", sex="F", age="Y_LT18"),
        region(43, "AA,BB", sex="M", age="Y_GE18"),
    )
    small = frame(cell("AA", 2, period="2023"), cell("BB", 40, period="2023"), region(42, "AA,BB", period="2023"))
    with pytest.raises(protect.ProtectError, match="contradict"):
        protect.hide_small_counts(pl.concat([rows, small]))
    chosen = programme.select_rows(pl.concat([rows, small]))
    told = chosen.filter(pl.col("table_id") == "region_year_sex_age").select("sex", "age").rows()
    assert told == [("_T", "_T"), ("M", "Y_GE18"), ("_T", "_T")]
    assert protect.hide_small_counts(chosen).report.passed


AGES, SEXES = ("Y_LT18", "Y_GE18"), ("F", "M")


@given(
    st.tuples(*[st.integers(0, 9)] * 8),
    st.tuples(*[st.booleans()] * 8),
)
@settings(max_examples=150, deadline=None)
def test_gaps_in_the_tables_of_territories_hold_up_no_release(counts: tuple[int, ...], gaps: tuple[bool, ...]) -> None:
    """Two territories by sex and age, whatever they lack among their own figures: what is true never contradicts."""
    people = dict(zip(product(("AA", "BB"), SEXES, AGES), counts, strict=True))
    lacks = dict(zip(product(("AA", "BB"), (*SEXES, *AGES)), gaps, strict=True))

    def of(area: str, sex: str = "_T", age: str = "_T") -> int:
        return sum(n for (a, s, y), n in people.items() if a == area and sex in ("_T", s) and age in ("_T", y))

    rows = [cell(area, of(area)) for area in ("AA", "BB")]
    rows += [cell(a, of(a, sex=s), sex=s) for a, s in product(("AA", "BB"), SEXES) if not lacks[a, s]]
    rows += [cell(a, of(a, age=y), age=y) for a, y in product(("AA", "BB"), AGES) if not lacks[a, y]]
    rows += [region(of("AA") + of("BB"), "AA,BB")]
    for code, name in [(s, "sex") for s in SEXES] + [(y, "age") for y in AGES]:
        there = [a for a in ("AA", "BB") if not lacks[a, code]]
        if there:
            rows.append(region(sum(of(a, **{name: code}) for a in there), ",".join(there), **{name: code}))
    rows += [region(of("AA", s, y) + of("BB", s, y), "AA,BB", sex=s, age=y) for s, y in product(SEXES, AGES)]
    chosen = programme.select_rows(frame(*rows))
    block = chosen.filter(pl.col("value").is_not_null())
    known = space.build_space(block)
    raising = lp.Raising(known.matrix, known.values, np.ones(len(known.values)), known.ties)
    assert not (np.abs(raising.find_contradictions()) > 1e-6).any()


def test_a_part_of_the_decisions_cannot_be_got_from_the_others() -> None:
    """30 decided, 20 convicted, 6 acquitted, 4 discontinued, none rejected: hiding the 4 alone hides nothing."""
    counts = {"adjudicated_first": 30, "convicted_first": 20, "acquitted": 6, "rejected": 0, "discontinued": 4}
    done = protect.hide_small_counts(frame(*decided(counts)))
    hidden = dict(zip(counts, hidden_of(done.cells), strict=True))
    assert hidden["discontinued"]
    assert sum(hidden.values()) >= 2
    assert done.report.passed


def test_the_audit_fails_the_last_part_of_the_decisions() -> None:
    counts = {"adjudicated_first": 30, "convicted_first": 20, "acquitted": 6, "rejected": 0, "discontinued": 4}
    known = ties.build_tied_space(ties.with_family(frame(*decided(counts))))
    mask = np.zeros(len(known.values), dtype=bool)
    mask[known.rows[4]] = True
    assert audit.audit_block(known, mask, name="last", width=2).disclosed == (known.rows[4],)


def test_who_sees_the_convicted_knows_how_many_were_sentenced_at_most() -> None:
    """Of 6 decisions 5 led to a sentence: that 5 or 6 were convicted is not hidden by hiding it."""
    counts = {"adjudicated_first": 6, "convicted_first": 6, "sentenced_first": 5}
    known = ties.build_tied_space(ties.with_family(frame(*decided(counts))))
    mask = np.zeros(len(known.values), dtype=bool)
    mask[known.rows[1]] = True
    assert audit.audit_block(known, mask, name="between", width=2).narrow == (known.rows[1],)


def test_decisions_of_other_reporters_or_beyond_their_whole_tie_nothing() -> None:
    apart = [
        region(30, "AA,BB", measure="adjudicated_first"),
        region(28, "AA", measure="convicted_first"),
        region(2, "AA", measure="acquitted"),
    ]
    assert ties.build_tied_space(ties.with_family(frame(*apart))).ties == 0
    beyond = decided({"adjudicated_first": 30, "convicted_first": 29, "acquitted": 2})
    assert ties.build_tied_space(ties.with_family(frame(*beyond))).ties == 0


def test_levels_and_units_are_not_tied() -> None:
    rows = ties.with_family(
        frame(
            cell("AA", 3, measure="rejected", level="prosecution"),
            cell("AA", 3, measure="rejected", level="first"),
            cell("AA", 3, measure="rejected", level="appeal"),
            cell("AA", 3, measure="sentenced_final", level="final"),
            cell("AA", 3, measure="reported", level="prosecution"),
        )
    )
    assert rows["family"].to_list() == [
        "report_disposed", "adjudicated_first", "rejected", "adjudicated_final", "reported"
    ]  # fmt: skip
    assert len(rows.partition_by(ties.TIED)) == 5


def decisions_by_brute_force(values: dict[str, int], hidden: set[str], top: int) -> dict[str, set[int]]:
    """All values of each hidden count over all whole decisions that agree with what is published."""
    convicted, acquitted, rejected, unsentenced = (one.ravel() for one in np.indices((top + 1,) * 4))
    table = {
        "adjudicated_first": convicted + acquitted + rejected,
        "convicted_first": convicted,
        "acquitted": acquitted,
        "rejected": rejected,
        "sentenced_first": convicted - unsentenced,
    }
    agrees = unsentenced <= convicted
    for key in set(values) - hidden:
        agrees &= table[key] == values[key]
    return {key: set(table[key][agrees].tolist()) for key in hidden}


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.integers(0, 6)] * 4))
def test_no_decision_can_be_worked_out_by_trying_all(counts: tuple[int, int, int, int]) -> None:
    sentenced, unsentenced, acquitted, rejected = counts
    values = {
        "adjudicated_first": sentenced + unsentenced + acquitted + rejected,
        "convicted_first": sentenced + unsentenced,
        "acquitted": acquitted,
        "rejected": rejected,
        "sentenced_first": sentenced,
    }
    done = protect.hide_small_counts(frame(*decided(dict(values))))
    hidden = {key for key, is_hidden in zip(values, hidden_of(done.cells), strict=True) if is_hidden}
    assert all(key in hidden for key, value in values.items() if 0 < value < 5)
    for key, possible in decisions_by_brute_force(values, hidden, top=16).items():
        assert max(possible) - min(possible) >= 2, (key, values, hidden)


def test_no_published_balance_can_be_closed() -> None:
    """Opening + entries - exits = closing spans blocks that are audited apart: no stock, no closing."""
    stocks = {code for code, row in codes.read_codelist("measure").items() if row["kind"] == "stock"}
    assert stocks
    assert not [table.id for table in programme.load().tables if stocks & set(table.measures)]
