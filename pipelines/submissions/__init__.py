"""Everything that happens to a return: checking, storing, acts of people, receipts, accounts, notices, timetable.

Pages, API and command line come in through `service` only. Imports `ledger` and the layers below it.
"""
