"""One module a territory: its offices' files as they would send them, each with what it meant.

Each module has `make_returns(truth) -> Iterable[SampleReturn]`; `plan.make_returns()` finds the modules by itself.
"""
