"""Turn what a reader returned into observations and case events: recognise the form, then apply its declaration.

`standardise.py` is the entry. Knows neither the file format nor the history of the office.
"""
