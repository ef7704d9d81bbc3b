"""One module a territory: its offices' files as they would send them, each with what it meant.

Each module has `returns(truth) -> Iterable[MadeReturn]`; `plan.made()` finds the modules by themselves.
"""
