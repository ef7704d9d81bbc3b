"""The generator of the demonstration returns: `python -m tests.samples [--out DIR] [--years N] [--scale N]`.

Belongs here: drawing an invented truth (`truth.py`, `victims.py`), saying who sends what and when (`plan.py`), writing
each office's own file (`territories/<CODE>.py` with `writers/`), and what each file meant (`rows.py`).
Does not belong here: reading.  Nothing of `pipelines/readers` or `pipelines/returns` is imported, so that tests compare
what was read with what was meant.  Everything drawn here is invented; magnitudes are plausible, figures are not real.
"""
