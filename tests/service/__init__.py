"""Tests of the running service: one process as `rti serve` starts it, over HTTP; ended by its own process id."""
