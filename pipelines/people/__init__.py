"""People: who they are, what they may, and how they prove it.

Belongs here: identities, accounts, grants, passwords, tokens.  Does not belong here: what is done with a return
(`pipelines/intake/`, `pipelines/desk/`), pages (`dashboards/`), the sign-in server (`pipelines/service/`).
"""
