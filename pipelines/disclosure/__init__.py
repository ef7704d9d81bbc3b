"""Disclosure control: the declared programme, its protection, and an audit that plays the intruder.

Belongs here: everything between true counts and the cells the public may see.  Does not belong here: adding counts
up (dbt does), files of a release (`pipelines/releases/`) and rules for figures made from records.
"""
