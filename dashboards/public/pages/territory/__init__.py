"""The page of one territory: trend, outcomes, breakdown, counting rules, and the data received.

A module for each section; `page.py` composes them.
"""

from dashboards.public.pages.territory.page import render_page

__all__ = ["render_page"]
