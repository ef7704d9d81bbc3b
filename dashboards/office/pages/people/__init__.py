"""The page "People" of stewards: accounts and their roles, and the audit log with the check of its chain.

A module for each thing that a form of the page does; `page.py` renders it after each of them.
"""

from fastapi import APIRouter

from dashboards.office.pages.people import changes, new_account, page, verification

# One flat list, which shows every address: an included router hides those of its routes.
router = APIRouter(
    routes=[route for part in (page, changes, new_account, verification) for route in part.router.routes]
)
