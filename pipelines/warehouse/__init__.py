"""dbt and everything computed beside it: metrics, case records, quality, reference figures and metadata.

Sees declarations and Parquet files only, never the ledger.
"""
