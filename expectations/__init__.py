"""Great Expectations suites, one module an instrument."""
