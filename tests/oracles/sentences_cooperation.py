"""Expected parameters of sentences on requests for legal assistance, and on answers of practitioners."""

from __future__ import annotations

from tests.oracles.sentences import Expected, Params, Release, Selection, expect_parameters, find_crime, join_words


@expect_parameters("No return on cooperation for {year}: {areas}.")
def expect_territories_without_return(r: Release, s: Selection, p: Params) -> Expected:
    year = int(p["year"])
    crime = find_crime(s)
    assert any(x["year"] == year and x["offence_group"] == crime for x in r.read_rows("cooperation")), year
    complete = {x["territory"] for x in r.read_rows("cooperation_return") if x["year"] == year and x["n_quarters"] == 4}
    return {"year": str(year), "areas": join_words(r.marked[code] for code in r.territories if code not in complete)}


@expect_parameters(
    "Pairs of territories in {year}: {shown} shown, {reconciled} of them in agreement; {withheld} withheld; {missing} "
    "without a return from one side."
)
def expect_pairs_in_agreement(r: Release, s: Selection, p: Params) -> Expected:
    """Count the pairs from the figures by partner, and not from the table that compares them."""
    year, crime = int(p["year"]), find_crime(s)
    counts = {
        (x["territory"], x["direction"], x["partner"]): x
        for x in r.read_rows("cooperation")
        if (x["year"], x["offence_group"], x["measure"]) == (year, crime, "requests_registered")
    }
    n_shown = reconciled = withheld = missing = 0
    for sender in r.territories:
        for receiver in (code for code in r.territories if code != sender):
            sent, received = counts.get((sender, "outgoing", receiver)), counts.get((receiver, "incoming", sender))
            if sent is None or received is None:
                missing += 1
            elif sent["value"] is None or received["value"] is None:
                withheld += 1
            else:
                n_shown += 1
                largest = max(sent["value"], received["value"])
                reconciled += abs(sent["value"] - received["value"]) <= max(1, largest / 10)
    counted = {"shown": n_shown, "reconciled": reconciled, "withheld": withheld, "missing": missing}
    return {"year": str(year)} | {name: str(count) for name, count in counted.items()}


@expect_parameters("{n} changes since the last round were tested here.")
def expect_changes_of_answers(r: Release, s: Selection, p: Params) -> Expected:
    """Count the groups whose favourable answers are published in the newest round and in one before it."""
    rows = [x for x in r.read_rows("practice_result") if x["code"] == "favourable" and x["theme"] == s["theme"]]
    newest = max(x["position"] for x in rows)
    keys = [
        {(x["series"], x["dimension"], x["group"]) for x in rows if x["count"] is not None and is_in(x["position"])}
        for is_in in (newest.__eq__, newest.__gt__)
    ]
    return {"n": str(len(keys[0] & keys[1]))}
