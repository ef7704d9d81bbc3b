"""Independent formulas in Python, with which tests compare the warehouse's SQL and the product's functions.

No product module imports them. Each states its source; the SQL that repeats a formula names the oracle in its comment.
"""
