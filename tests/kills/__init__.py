"""Kill the program (SIGKILL) at seeded moments of every step, and check what is left: `python -m tests.kills`."""
