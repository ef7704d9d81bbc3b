"""Faults planted in the demonstration returns, by family, each with the place where it must be found.

`catalogue` lists them, `measuring` checks them. The editors share no code with the readers under test.
"""
