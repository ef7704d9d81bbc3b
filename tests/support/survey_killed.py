"""Answer questionnaires until killed: `python -m tests.support.survey_killed ROUND TOKEN…`, for `RTI_HOME`.

Prints `confirmed NUMBER` after each questionnaire whose answers the service would confirm. With `--save` instead of
sending it saves the first page of each, again and again with another answer, and prints `saved NUMBER CODE`.
"""

from __future__ import annotations

import random
import sys
from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.survey.surveys import Surveys


def main() -> None:
    """Fill in and send the questionnaire of each token."""
    from pipelines.core.home import open_home
    from pipelines.survey.surveys import open_surveys
    from tests.support.surveys import fill_in

    is_saving = sys.argv[1] == "--save"
    round_id, *tokens = sys.argv[2:] if is_saving else sys.argv[1:]
    surveys = open_surveys(open_home())
    print("ready", flush=True)
    if is_saving:
        _save_pages(surveys, round_id, tokens)
    for number, token in enumerate(tokens):
        fill_in(surveys, round_id, token, random.Random(number))
        print(f"confirmed {number}", flush=True)


def _save_pages(surveys: Surveys, round_id: str, tokens: list[str]) -> None:
    """Save the first question of each questionnaire with one answer after the other."""
    from pipelines.survey.filling_in import open_visit, save_page

    for code in cycle("12345"):
        for number, token in enumerate(tokens):
            save_page(surveys, open_visit(surveys, round_id, token), {"FR01": (code,)})
            print(f"saved {number} {code}", flush=True)


if __name__ == "__main__":
    main()
