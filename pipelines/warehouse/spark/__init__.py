"""Builds of the dbt project on Spark: the session with its tables and functions, and the folders of Parquet files.

A build has the three parts of the lake: the counts, and the indicators from restricted and from protected counts.
"""
