"""Print recall and precision of the search for names over the made corpus.

What stands here is measured on texts that were made for it: it says how the lists work, not what offices will send.
"""

from __future__ import annotations

from tests.persons.measuring import measured


def main() -> None:
    """One line for cells of lists, one for running text."""
    for where, found in measured().items():
        missed = ", ".join(found.missed) or "none"
        print(
            f"{where}: recall {found.recall:.0%} ({found.right} of {found.persons}), precision {found.precision:.0%} "
            f"({found.wrong} of {found.others} other texts taken for names); missed: {missed}"
        )


if __name__ == "__main__":
    main()
