"""The steward's release desk: what must be in order before a release, who signed it off, and who saw it before.

`checklist.py` examines a draft, `sheets.py` makes the sheet of each territory, `rollback_plan.py` says what a rollback
would change, and `desk.py` has the acts with their rights. Pages and commands use `desk.py`; nothing here imports a web
framework.
"""
