"""The lake: the relations of the dbt project in DuckLake, with its catalogue in PostgreSQL and its files in S3 storage.

It has three parts that share one catalogue database and one storage: the counts, and the indicators from restricted and
from protected counts. Each part is a catalogue of its own, so that rights can be given for each.
"""
