"""Builds of the dbt project on Spark: the session, its tables and functions, and the folders of Parquet files it writes.

A build has the three parts of the lake: the counts, and the indicators from restricted and from protected counts.
"""
