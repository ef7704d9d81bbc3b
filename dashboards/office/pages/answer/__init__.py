"""Show the validation report of one submission, and let people act on it.

`section.py` says where answers are shown: at `/answer`, and on the practice page with its own home. `rendering.py`
renders the page, `router.py` has the routes; every other module builds the view model of one part of the page, or
carries out acts. The desk decides on each request what the reader may see and do.
"""

from dashboards.office.pages.answer.rendering import find_arrival_address, render_answer
from dashboards.office.pages.answer.router import create_answer_router, router
from dashboards.office.pages.answer.section import ANSWER, AnswerSection

__all__ = ["ANSWER", "AnswerSection", "create_answer_router", "find_arrival_address", "render_answer", "router"]
