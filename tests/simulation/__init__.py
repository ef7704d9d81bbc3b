"""Draw returns from a known process and measure how well the statistics recover it."""
