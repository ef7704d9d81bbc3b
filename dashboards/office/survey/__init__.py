"""Pages of the questionnaire: filled in by a one-time link, without an account, in the process of the offices' pages.

They use neither the sessions nor the layout of the offices' pages. `routes.py` has their addresses, `rendering.py` what
they show.
"""
