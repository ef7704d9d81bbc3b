"""Print recall and precision of the search for names over the made corpus.

It is measured on texts written for it: it shows how the lists work, not what offices will send.
"""

from __future__ import annotations

from tests.persons.measuring import measure_recognition


def main() -> None:
    """Print one line for cells of lists, one for running text."""
    for kind, score in measure_recognition().items():
        missed = ", ".join(score.missed) or "none"
        print(
            f"{kind}: recall {score.recall:.0%} ({score.right} of {score.persons}), precision {score.precision:.0%} "
            f"({score.wrong} of {score.others} other texts taken for names); missed: {missed}"
        )


if __name__ == "__main__":
    main()
