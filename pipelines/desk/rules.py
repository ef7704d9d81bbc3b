"""The rules of the desk itself: what it says of a file that is well enough, but not of whoever brings it.

Belongs here: their words.  Does not belong here: when they apply (`uploading.py`).
"""

from __future__ import annotations

from pipelines.returns import rules
from pipelines.returns.rules import Rule

NOT_YOURS, PRACTICE, NOT_PRACTICE = "desk.not_yours", "desk.practice", "desk.not_practice"

RULES: dict[str, Rule] = {
    NOT_YOURS: Rule(
        NOT_YOURS,
        "error",
        "This file is the form {form} ({instrument}) of {name}, for which you may not submit. It was not kept.",
        "If it is another office's file, take your own. If it is yours, ask the steward of the secretariat for the "
        "role of a submitter.",
    ),
    PRACTICE: Rule(
        PRACTICE,
        "error",
        "This file is the form {form} of the training territory {name}. It was not kept.",
        "Hand it in at practice, where nothing counts.",
    ),
    NOT_PRACTICE: Rule(
        NOT_PRACTICE,
        "error",
        "This file is the form {form} of {name}, and practice takes only the training territory's. It was not kept.",
        "Hand it in outside practice, or take a template of the training territory.",
    ),
}
rules.register(RULES)
