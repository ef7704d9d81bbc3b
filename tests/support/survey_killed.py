"""Answer questionnaires until killed: `python -m tests.support.survey_killed ROUND TOKEN…`, for `RTI_HOME`.

Prints `confirmed NUMBER` after each questionnaire whose answers the service would confirm.
"""

from __future__ import annotations

import random
import sys


def main() -> None:
    """Fill in and send the questionnaire of each token."""
    from pipelines.core.home import open_home
    from pipelines.survey.surveys import open_surveys
    from tests.support.surveys import fill_in

    round_id, tokens = sys.argv[1], sys.argv[2:]
    surveys = open_surveys(open_home())
    print("ready", flush=True)
    for number, token in enumerate(tokens):
        fill_in(surveys, round_id, token, random.Random(number))
        print(f"confirmed {number}", flush=True)


if __name__ == "__main__":
    main()
