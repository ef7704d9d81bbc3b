"""The dbt project and all Python around it: metrics, case records, quality, reference figures and metadata.

This package reads declarations and Parquet files only, never the ledger.
"""
