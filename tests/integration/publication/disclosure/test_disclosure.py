"""Disclosure: the leaves of known tables, protection against an independent brute-force intruder, planted leaks."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.publication.disclosure import lp, programme, protect, risk, space, structure, ties, utility
from tests.support.fakes.disclosure_cells import build_cell, build_frame, build_region, hidden_of
from tests.support.sampling import count_examples

KEY = ("area_kind", "area", "territory", "freq", "period", *space.BLOCK, *structure.DETAIL)


def test_total_has_the_leaves_of_its_parts() -> None:
    block_space = space.build_space(build_frame(build_cell("AA", 3), build_cell("BB", 4), build_region(7, "AA,BB")))
    assert block_space.matrix.toarray().sum(axis=1).tolist() == [1, 1, 2]


def test_area_without_a_report_adds_nothing_to_the_region() -> None:
    block_space = space.build_space(
        build_frame(
            build_cell("AA", 3), build_cell("BB", 4), build_region(3, "AA", period="2024-Q1"), build_region(7, "AA,BB")
        )
    )
    matrix = block_space.matrix.toarray()
    assert matrix[2].sum() < matrix[3].sum()


def test_year_that_differs_from_its_quarters_is_separate() -> None:
    quarters = [build_cell("AA", 2, period=f"2024-Q{q}") for q in range(1, 5)]
    equal = space.build_space(build_frame(*quarters, build_cell("AA", 8)))
    apart = space.build_space(build_frame(*quarters, build_cell("AA", 9)))
    assert np.linalg.matrix_rank(equal.matrix.toarray()) == 4
    assert np.linalg.matrix_rank(apart.matrix.toarray()) == 5


def test_total_that_is_not_additive_is_not_the_sum_of_its_jurisdictions() -> None:
    parts = [build_cell(f"A{i}", 6, kind="jurisdiction", territory="AA") for i in range(2)]
    joined = space.build_space(build_frame(*parts, build_cell("AA", 12)))
    apart = space.build_space(build_frame(*parts, build_cell("AA", 11, is_additive=False)))
    assert np.linalg.matrix_rank(joined.matrix.toarray()) == 2
    assert np.linalg.matrix_rank(apart.matrix.toarray()) == 3


def test_jurisdiction_without_a_year_of_its_own_is_in_the_quarters_of_its_territory() -> None:
    """Leave out the third quarter of one jurisdiction: neither it nor the territory has an annual figure then."""
    quarters = [
        build_cell("AA", value, period=f"2024-Q{quarter}", reporters="A1,A2")
        for quarter, value in ((1, 20), (2, 3), (4, 17))
    ]
    cells = build_frame(*quarters, build_cell("A1", 20, kind="jurisdiction", territory="AA"), build_cell("BB", 30))
    protected = protect.hide_small_counts(cells)
    assert protected.report.passed
    assert hidden_of(protected.cells) == [False, True, False, False, False]


def test_fractions_and_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="whole"):
        space.build_space(build_frame(build_cell("AA", 1.5)))
    with pytest.raises(ValueError, match="whole"):
        space.build_space(build_frame(build_cell("AA", -1)))


def test_small_cell_is_hidden_with_a_second_one() -> None:
    protected = protect.hide_small_counts(
        build_frame(build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC"))
    )
    assert protected.cells["conf_status"][0] == "A"
    assert sum(hidden_of(protected.cells)) == 2
    assert protected.cells.filter(pl.col("conf_status") == "D").height == 1
    assert protected.report.passed


def test_hidden_cells_are_empty_and_marked_as_withheld() -> None:
    protected = protect.hide_small_counts(
        build_frame(build_cell("AA", 3), build_cell("BB", 40), build_region(43, "AA,BB"))
    )
    hidden = protected.cells.filter(pl.col("conf_status") != "F")
    assert hidden["value"].null_count() == hidden.height
    assert set(hidden["obs_status"]) == {"Q"}


def test_missing_and_zero_pass_unchanged_where_nothing_is_small() -> None:
    rows = build_frame(
        build_cell("AA", None, obs_status="O"), build_cell("BB", 0), build_cell("CC", 50), build_region(50, "BB,CC")
    )
    protected = protect.hide_small_counts(rows)
    assert protected.cells["value"].to_list() == [None, 0, 50, 50]
    assert protected.cells["obs_status"].to_list() == ["O", "A", "A", "A"]


def test_one_cell_in_two_tables_gets_one_treatment() -> None:
    rows = build_frame(build_cell("AA", 3), build_cell("BB", 40), build_region(43, "AA,BB"))
    protected = protect.hide_small_counts(pl.concat([rows, rows.with_columns(pl.lit("u").alias("table_id"))]))
    assert hidden_of(protected.cells)[:3] == hidden_of(protected.cells)[3:]


def list_kept_patterns(folder: Path) -> list[Path]:
    """Return the files of kept patterns, without those of their audits."""
    return [path for path in folder.glob("*.json") if not path.name.startswith("audited-")]


def test_unchanged_block_is_taken_from_the_cache_and_a_changed_one_is_not(tmp_path: Path) -> None:
    rows = build_frame(build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC"))
    fresh = protect.hide_small_counts(rows, cache=tmp_path)
    assert len(list_kept_patterns(tmp_path)) == 1
    assert protect.hide_small_counts(rows, cache=tmp_path).cells.equals(fresh.cells)
    protect.hide_small_counts(
        build_frame(build_cell("AA", 4), build_cell("BB", 40), build_cell("CC", 50), build_region(94, "AA,BB,CC")),
        cache=tmp_path,
    )
    assert len(list_kept_patterns(tmp_path)) == 2


def test_damaged_pattern_in_the_cache_is_searched_again_and_replaced(tmp_path: Path) -> None:
    rows = build_frame(build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC"))
    fresh = protect.hide_small_counts(rows, cache=tmp_path)
    (pattern,) = list_kept_patterns(tmp_path)
    content = pattern.read_bytes()
    pattern.write_bytes(content[:-9])
    assert protect.hide_small_counts(rows, cache=tmp_path).cells.equals(fresh.cells)
    assert pattern.read_bytes() == content


def test_contradictory_totals_are_rejected_by_name() -> None:
    with pytest.raises(protect.ProtectError, match=r"contradict each other, for instance at (AA|BB|WB) 2024"):
        protect.hide_small_counts(build_frame(build_cell("AA", 3), build_cell("BB", 40), build_region(50, "AA,BB")))


@pytest.mark.parametrize("hidden", [[0], [0, 3]])
def test_audit_fails_for_a_planted_leak(hidden: list[int]) -> None:
    """Hide one of three territories with a published sum: subtraction reveals it."""
    block_space = space.build_space(
        build_frame(build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC"))
    )
    mask = np.zeros(4, dtype=bool)
    mask[hidden] = True
    report = risk.assess_block(block_space, mask, name="leak", width=2)
    assert report.passed == (len(hidden) > 1)
    if not report.passed:
        assert report.disclosed == (0,)


def test_audit_reports_a_range_of_one_as_narrow() -> None:
    block_space = space.build_space(build_frame(build_cell("AA", 1), build_cell("BB", 0), build_region(1, "AA,BB")))
    report = risk.assess_block(block_space, np.array([True, True, False]), name="narrow", width=2)
    assert report.narrow == (0, 1)


def list_possible_values(
    values: dict[tuple[str, str], int], hidden: set[tuple[str, str]], top: int
) -> dict[tuple[str, str], set[int]]:
    """Return the values of each hidden cell in all small 2 x 2 tables that agree with the published cells.

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


@settings(max_examples=count_examples(25), deadline=None)
@given(st.tuples(*[st.integers(0, 6)] * 4))
def test_hidden_cells_cannot_be_derived_by_trying_every_table(counts: tuple[int, int, int, int]) -> None:
    a, b, c, d = counts
    values = {("AA", "M"): a, ("AA", "F"): b, ("BB", "M"): c, ("BB", "F"): d, ("AA", "_T"): a + b, ("BB", "_T"): c + d}
    protected = protect.hide_small_counts(
        build_frame(*(build_cell(area, value, sex=sex) for (area, sex), value in values.items()))
    )
    hidden = {key for key, is_hidden in zip(values, hidden_of(protected.cells), strict=True) if is_hidden}
    assert all((0 < value < 5 and key in hidden) or not 0 < value < 5 for key, value in values.items())
    for key, possible in list_possible_values(values, hidden, top=12).items():
        assert max(possible) - min(possible) >= 2, (key, values, hidden)


def test_every_table_of_the_programme_selects_its_declared_rows() -> None:
    rows = build_frame(
        build_cell("AA", 5),
        build_cell("AA", 5, sex="M"),
        build_cell("AA", 5, sex="M", age="Y_GE18"),
        build_cell("AA", 5, period="2024-Q1"),
        build_cell("A1", 5, kind="jurisdiction", territory="AA"),
    )
    chosen = programme.select_rows(rows)
    assert dict(chosen.group_by("table_id").len().iter_rows()) == {
        "area_year": 1,
        "territory_year_sex": 1,
        "area_quarter": 1,
        "jurisdiction_year": 1,
    }


def test_negative_difference_is_missing_and_blocks_nothing() -> None:
    below = build_cell("AA", -3, period="2024-Q2", obs_status="A", flags="derived,negative_difference")
    chosen = programme.select_rows(build_frame(below, build_cell("BB", 7, period="2024-Q2")))
    assert chosen.select("area", "value", "obs_status").rows() == [("AA", None, "O"), ("BB", 7.0, "A")]


def test_a_programme_with_an_unknown_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="convictions"):
        programme.DeclaredTable(
            id="x", title="x", areas=["region"], freqs=["A"], measures=["convictions"], dimensions=[]
        )


def test_a_cell_of_two_tables_counts_once_in_its_total() -> None:
    """Counted twice, as happened with victims, parts exceed their total, which then protects none of them."""
    rows = [
        build_cell("AA", value, victim_status=status, table_id=table)
        for table in ("t", "u")
        for status, value in (("_T", 9), ("presumed", 4), ("identified", 5))
    ]
    assert hidden_of(protect.hide_small_counts(build_frame(*rows)).cells) == [False, True, True] * 2


def test_injured_parties_are_not_part_of_the_victims() -> None:
    rows = [
        build_cell("AA", value, victim_status=status)
        for status, value in (("_T", 9), ("presumed", 4), ("identified", 5), ("injured_party", 8))
    ]
    assert hidden_of(protect.hide_small_counts(build_frame(*rows)).cells) == [False, True, True, False]


def test_highest_total_is_published_where_another_can_be_hidden() -> None:
    """Keep the pool that no published cell contains, since it bounds those below it; the two pools share years."""
    values = {"2020": 1, "2021": 4, "2022": 2, "2023": 2, "2024": 1, "2025": 4}
    pools = {"2020-2022": 7, "2023-2025": 7, "2021-2025": 13}
    rows = [build_cell("AA", v, period=p, freq="P3" if "-" in p else "A") for p, v in (values | pools).items()]
    protected_cells = protect.hide_small_counts(build_frame(*rows)).cells
    published = dict(zip(protected_cells["period"], protected_cells["value"], strict=True))
    assert published["2020-2022"] == 7
    assert published["2021-2025"] == 13
    assert published["2023-2025"] is None


def test_table_with_a_duplicate_cell_is_rejected() -> None:
    table = programme.DeclaredTable(
        id="t", title="T", areas=["territory"], freqs=["A"], measures=["convicted_first"], dimensions=[]
    )
    only = programme.Programme(stages=[], movements=[], regional_groups=[], tables=[table])
    twins = build_frame(build_cell("AA", 7), build_cell("AA", 7, sentence_type="_Z"))
    with pytest.raises(programme.ProgrammeError, match="AA 2024 convicted_first"):
        programme.select_rows(twins, only)
    assert programme.select_rows(twins.head(1), only).height == 1


def build_decisions(counts: dict[str, float], **over: object) -> list[dict[str, object]]:
    return [build_cell("AA", value, measure=measure, **over) for measure, value in counts.items()]


def test_total_and_its_only_category_are_hidden_together() -> None:
    """AA reports one offence and BB two: the second offence of BB does not protect the withheld total of AA."""
    rows = build_frame(
        build_cell("AA", 25),
        build_cell("AA", 25, offence="ICCS0204"),
        build_cell("BB", 30),
        build_cell("BB", 20, offence="ICCS0204"),
        build_cell("BB", 10, offence="ICCS02044"),
    )
    block_space = space.build_space(rows)
    mask = np.zeros(len(block_space.values), dtype=bool)
    mask[block_space.rows[0]] = True
    # A reader sees the two as the same number, so they share a row: hidden together or not at all.
    assert block_space.rows[0] == block_space.rows[1]
    assert block_space.matrix.toarray().sum(axis=1).tolist() == [1, 2, 1, 1]


def test_category_reported_only_for_the_region_may_be_of_any_area() -> None:
    rows = build_frame(
        build_cell("AA", 9, sex="F"),
        build_cell("AA", 9),
        build_region(9, "AA", sex="F"),
        build_region(4, "AA", sex="M"),
        build_region(13, "AA"),
        build_cell("AA", 13, period="2023"),
    )
    block_space = space.build_space(rows)
    assert block_space.matrix[block_space.rows[3]].nnz > 0


def test_regional_cell_of_categories_that_no_reporter_combines_is_not_in_the_programme() -> None:
    """AA's table has a gap at the young and BB's at the women: young women of the region could be nobody's."""
    rows = build_frame(
        build_cell("AA", 30),
        build_cell("AA", 12, sex="F"),
        build_cell("AA", 18, sex="M"),
        build_cell("AA", 24, age="Y_GE18"),
        build_cell("BB", 40),
        build_cell("BB", 33, sex="M"),
        build_cell("BB", 9, age="Y_LT18"),
        build_cell("BB", 31, age="Y_GE18"),
        build_region(70, "AA,BB"),
        build_region(7, "AA,BB", sex="F", age="Y_LT18"),
        build_region(43, "AA,BB", sex="M", age="Y_GE18"),
    )
    small = build_frame(
        build_cell("AA", 2, period="2023"),
        build_cell("BB", 40, period="2023"),
        build_region(42, "AA,BB", period="2023"),
    )
    with pytest.raises(protect.ProtectError, match="contradict"):
        protect.hide_small_counts(pl.concat([rows, small]))
    declared = programme.load()
    by_sex = next(table for table in declared.tables if table.id == "region_year_sex")
    crossed = programme.DeclaredTable.model_validate(
        {**by_sex.model_dump(), "id": "crossed", "dimensions": ["sex", "age"]}
    )
    tables = [*declared.tables, crossed]
    chosen = programme.select_rows(pl.concat([rows, small]), declared.model_copy(update={"tables": tables}))
    combinations = chosen.filter(pl.col("table_id") == "crossed").select("sex", "age").rows()
    assert combinations == [("_T", "_T"), ("M", "Y_GE18"), ("_T", "_T")]
    assert protect.hide_small_counts(chosen).report.passed


AGES, SEXES = ("Y_LT18", "Y_GE18"), ("F", "M")


@given(
    st.tuples(*[st.integers(0, 9)] * 8),
    st.tuples(*[st.booleans()] * 8),
)
@settings(max_examples=count_examples(150), deadline=None)
def test_gaps_in_the_tables_of_territories_are_not_contradictions(
    counts: tuple[int, ...], gaps: tuple[bool, ...]
) -> None:
    """True figures of two territories by sex and age never contradict, whichever of them are missing."""
    people = dict(zip(product(("AA", "BB"), SEXES, AGES), counts, strict=True))
    lacks = dict(zip(product(("AA", "BB"), (*SEXES, *AGES)), gaps, strict=True))

    def count_people(area: str, sex: str = "_T", age: str = "_T") -> int:
        return sum(n for (a, s, y), n in people.items() if a == area and sex in ("_T", s) and age in ("_T", y))

    rows = [build_cell(area, count_people(area)) for area in ("AA", "BB")]
    rows += [build_cell(a, count_people(a, sex=s), sex=s) for a, s in product(("AA", "BB"), SEXES) if not lacks[a, s]]
    rows += [build_cell(a, count_people(a, age=y), age=y) for a, y in product(("AA", "BB"), AGES) if not lacks[a, y]]
    rows += [build_region(count_people("AA") + count_people("BB"), "AA,BB")]
    for code, name in [(s, "sex") for s in SEXES] + [(y, "age") for y in AGES]:
        reporters = [a for a in ("AA", "BB") if not lacks[a, code]]
        if reporters:
            rows.append(
                build_region(
                    sum(count_people(a, **{name: code}) for a in reporters), ",".join(reporters), **{name: code}
                )
            )
    rows += [
        build_region(count_people("AA", s, y) + count_people("BB", s, y), "AA,BB", sex=s, age=y)
        for s, y in product(SEXES, AGES)
    ]
    chosen = programme.select_rows(build_frame(*rows))
    block = chosen.filter(pl.col("value").is_not_null())
    block_space = space.build_space(block)
    raising = lp.Raising(block_space.matrix, block_space.values, np.ones(len(block_space.values)), block_space.ties)
    assert not (np.abs(raising.find_contradictions()) > 1e-6).any()


def test_category_is_bounded_by_the_persons_whom_no_category_covers() -> None:
    """Convict all but one of 12 persons, 5 of them women: a reader knows that 4 or 5 women were convicted."""
    rows = build_decisions({"adjudicated_first": 12, "convicted_first": 11})
    rows += build_decisions({"adjudicated_first": 5, "convicted_first": 4}, sex="F")
    hidden = dict(zip([12, 11, 5, 4], hidden_of(protect.hide_small_counts(build_frame(*rows)).cells), strict=True))
    assert hidden[4]
    assert hidden[12] or hidden[11] or hidden[5], "with the other three, a reader knows that it is 4 or 5"


def test_part_of_the_decisions_cannot_be_derived_from_the_others() -> None:
    """30 decided, 20 convicted, 6 acquitted, 4 discontinued, none rejected: hiding only the 4 protects nothing."""
    counts = {"adjudicated_first": 30, "convicted_first": 20, "acquitted": 6, "rejected": 0, "discontinued": 4}
    protected = protect.hide_small_counts(build_frame(*build_decisions(counts)))
    hidden = dict(zip(counts, hidden_of(protected.cells), strict=True))
    assert hidden["discontinued"]
    assert sum(hidden.values()) >= 2
    assert protected.report.passed


def test_audit_fails_if_only_the_last_part_of_the_decisions_is_hidden() -> None:
    counts = {"adjudicated_first": 30, "convicted_first": 20, "acquitted": 6, "rejected": 0, "discontinued": 4}
    block_space = ties.build_tied_space(ties.with_family(build_frame(*build_decisions(counts))))
    mask = np.zeros(len(block_space.values), dtype=bool)
    mask[block_space.rows[4]] = True
    assert risk.assess_block(block_space, mask, name="last", width=2).disclosed == (block_space.rows[4],)


def test_audit_bounds_the_convicted_by_the_sentenced_and_the_decided() -> None:
    """With 6 decisions and 5 sentences, hiding the convicted still reveals that they are 5 or 6."""
    counts = {"adjudicated_first": 6, "convicted_first": 6, "sentenced_first": 5}
    block_space = ties.build_tied_space(ties.with_family(build_frame(*build_decisions(counts))))
    mask = np.zeros(len(block_space.values), dtype=bool)
    mask[block_space.rows[1]] = True
    assert risk.assess_block(block_space, mask, name="between", width=2).narrow == (block_space.rows[1],)


def test_decisions_of_other_reporters_or_above_their_whole_are_not_tied() -> None:
    apart = [
        build_region(30, "AA,BB", measure="adjudicated_first"),
        build_region(28, "AA", measure="convicted_first"),
        build_region(2, "AA", measure="acquitted"),
    ]
    assert ties.build_tied_space(ties.with_family(build_frame(*apart))).ties == 0
    beyond = build_decisions({"adjudicated_first": 30, "convicted_first": 29, "acquitted": 2})
    assert ties.build_tied_space(ties.with_family(build_frame(*beyond))).ties == 0


def test_levels_and_units_are_not_tied() -> None:
    rows = ties.with_family(
        build_frame(
            build_cell("AA", 3, measure="rejected", level="prosecution"),
            build_cell("AA", 3, measure="rejected", level="first"),
            build_cell("AA", 3, measure="rejected", level="appeal"),
            build_cell("AA", 3, measure="sentenced_final", level="final"),
            build_cell("AA", 3, measure="reported", level="prosecution"),
        )
    )
    assert rows["family"].to_list() == [
        "report_disposed", "adjudicated_first", "rejected", "adjudicated_final", "reported"
    ]  # fmt: skip
    assert len(rows.partition_by(ties.TIED)) == 5


def list_possible_decisions(values: dict[str, int], hidden: set[str], top: int) -> dict[str, set[int]]:
    """Return the values of each hidden count in all decisions that agree with the published counts."""
    convicted, acquitted, rejected, unsentenced = (indices.ravel() for indices in np.indices((top + 1,) * 4))
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


@settings(max_examples=count_examples(25), deadline=None)
@given(st.tuples(*[st.integers(0, 6)] * 4))
def test_hidden_decisions_cannot_be_derived_by_trying_all(counts: tuple[int, int, int, int]) -> None:
    sentenced, unsentenced, acquitted, rejected = counts
    values = {
        "adjudicated_first": sentenced + unsentenced + acquitted + rejected,
        "convicted_first": sentenced + unsentenced,
        "acquitted": acquitted,
        "rejected": rejected,
        "sentenced_first": sentenced,
    }
    protected = protect.hide_small_counts(build_frame(*build_decisions(dict(values))))
    hidden = {key for key, is_hidden in zip(values, hidden_of(protected.cells), strict=True) if is_hidden}
    assert all(key in hidden for key, value in values.items() if 0 < value < 5)
    for key, possible in list_possible_decisions(values, hidden, top=16).items():
        assert max(possible) - min(possible) >= 2, (key, values, hidden)


@pytest.mark.parametrize(("group", "measure"), [("TIP", "convicted_first"), ("SLAVERY", "discontinued")])
def test_annual_totals_that_offices_print_stay_open_and_the_region_is_withheld(group: str, measure: str) -> None:
    """Withholding a total that an office prints protects nobody, so the total of the region is withheld."""
    rows = build_frame(
        build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC")
    ).with_columns(pl.lit(group).alias("offence_group"), pl.lit(measure).alias("measure"))
    protected = protect.hide_small_counts(rows).cells
    assert dict(protected.select("area", "conf_status").iter_rows()) == {"AA": "A", "BB": "F", "CC": "F", "WB": "D"}


@pytest.mark.parametrize(
    ("group", "measure", "given_up"),
    [
        ("TIP", "convicted_first", "BB"),
        ("SOM", "indicted", "BB"),
        ("SLAVERY", "convicted_first", "WB"),
        ("TIP", "discontinued", "WB"),
    ],
)
def test_annual_total_of_a_stage_stays_open_for_the_region_in_declared_groups(
    group: str, measure: str, given_up: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compare the costs of the totals, which decide where offices do not print theirs."""
    unprinted = programme.load().model_copy(update={"offices_print_annual_totals": False})
    monkeypatch.setattr(programme, "load", lambda: unprinted)
    rows = build_frame(
        build_cell("AA", 3), build_cell("BB", 40), build_cell("CC", 50), build_region(93, "AA,BB,CC")
    ).with_columns(pl.lit(group).alias("offence_group"), pl.lit(measure).alias("measure"))
    protected = protect.hide_small_counts(rows, guards_against_offices=False).cells
    assert protected.filter(pl.col("conf_status") == "D")["area"].to_list() == [given_up]


def test_printed_total_is_withheld_if_it_would_reveal_a_small_count() -> None:
    """9 decisions and 8 convictions leave one acquittal: one total must be withheld, though its office prints it."""
    counts = {"adjudicated_first": 9, "convicted_first": 8, "acquitted": 1, "sentenced_first": 7}
    protected = protect.hide_small_counts(build_frame(*build_decisions(counts)))
    hidden = dict(zip(counts, hidden_of(protected.cells), strict=True))
    assert hidden["acquitted"]
    assert hidden["adjudicated_first"] != hidden["convicted_first"]
    assert protected.report.passed


@pytest.mark.parametrize(("cases", "narrow_areas"), [(5, set()), (7, {"AA", "BB"}), (9, set())])
def test_cases_are_at_most_the_persons_in_them(cases: float, narrow_areas: set[str]) -> None:
    """Hide 7 persons next to 1: as their sum is 8, 7 published cases leave 7 or 8 persons. 9 cases are others."""
    areas = ("AA", "BB", "WB", "AA")
    rows = build_frame(
        build_cell("AA", 7), build_cell("BB", 1), build_region(8, "AA,BB"), build_cell("AA", cases, count_unit="case")
    )
    joint = ties.build_tied_space(ties.with_family(rows))
    mask = np.zeros(len(joint.values), dtype=bool)
    mask[joint.rows[:2]] = True
    report = risk.assess_block(joint, mask, name="cases", width=2)
    assert {areas[list(joint.rows).index(row)] for row in report.narrow} == narrow_areas


def test_losses_count_each_withheld_cell_once_by_kind() -> None:
    rows = build_frame(
        build_cell("AA", 3),
        build_cell("BB", 40),
        build_cell("CC", 50),
        build_region(93, "AA,BB,CC"),
        build_cell("DD", None),
        build_cell("AA", 0, period="2023"),
        build_cell("AA", 8, period="2022", measure="pending_first", statistic="end"),
    )
    rows = pl.concat([rows, rows.with_columns(pl.lit("u").alias("table_id"))])
    rows = rows.with_columns(pl.lit("SLAVERY").alias("offence_group"))
    losses = utility.measure_losses(rows, protect.hide_small_counts(rows).cells)
    columns = ["cells", "not_zero", "small", "hidden", "hidden_not_zero", "large", "hidden_large"]
    counts = {(row["area_kind"], row["period"]): [row[name] for name in columns] for row in losses.to_dicts()}
    assert counts == {
        ("territory", "2024"): [3, 3, 1, 1, 1, 2, 0],
        ("territory", "2023"): [1, 0, 0, 0, 0, 0, 0],
        ("territory", "2022"): [1, 1, 0, 0, 0, 1, 0],
        ("region", "2024"): [1, 1, 0, 1, 1, 1, 1],
    }
    assert utility.describe_losses(losses)[:4] == [
        "40.0% of the cells above zero are hidden, 20.0% because they are small",
        "0 of 2 annual totals of territories of 5 or more are hidden",
        "1 of 1 annual totals of the region of 5 or more are hidden",
        "0 of 1 stocks of territories of 5 or more are hidden",
    ]


def test_cell_is_lowered_where_that_hides_less_than_raising_it() -> None:
    """Raising two persons takes them from the large count; lowering them adds them to the zero."""
    rows = build_frame(build_cell("AA", 2), build_cell("BB", 0), build_cell("CC", 50), build_region(52, "AA,BB,CC"))
    protected = protect.hide_small_counts(rows, guards_against_offices=False).cells
    assert hidden_of(protected) == [True, True, False, False]


def test_cell_is_raised_and_lowered_by_one_where_that_hides_less_than_two() -> None:
    """Raising one by two takes a person from the large count, too; one person more or less is with the other."""
    rows = build_frame(
        *(build_cell("AA", value, period=f"2024-Q{i}") for i, value in enumerate((1, 1, 50, 20), start=1)),
        build_cell("AA", 72),
    )
    protected = protect.hide_small_counts(rows, guards_against_offices=False).cells
    assert hidden_of(protected) == [True, True, False, False, False]


def test_table_of_some_offence_groups_has_no_cell_of_others() -> None:
    frame = build_frame(build_cell("AA", 9, sex="F"), build_cell("AA", 8, sex="F", offence_group="CROSSING"))
    chosen = programme.select_rows(frame).filter(table_id="territory_year_sex")
    assert chosen["offence_group"].to_list() == ["TIP"]
    with pytest.raises(ValueError, match="ALIENS, which is not"):
        programme.DeclaredTable(
            id="t", title="T", areas=["region"], freqs=["A"], measures=[], dimensions=[], groups=["ALIENS"]
        )
