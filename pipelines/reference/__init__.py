"""What others published about the territories: read, mapped as far as the words allow, never mixed with returns.

Belongs here: the import of UNODC's workbook (`glotip.py`), hand-collected figures with their citation
(`published.py`), the invented references of a demonstration, and their gathering for the release (`gather.py`).
Does not belong here: returns of offices, and any judgement of which of two conflicting figures is right.
"""
