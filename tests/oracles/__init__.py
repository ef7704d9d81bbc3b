"""Independent formulas in Python that tests compare the SQL of the warehouse and the product's own functions with.

No product module imports them. Each states its source; the SQL that repeats a formula names the oracle in its comment.
"""
