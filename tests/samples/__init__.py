"""The generator of the demonstration returns: `python -m tests.samples [--out DIR] [--years N] [--scale N]`.

Nothing of `pipelines/reading/formats` or `pipelines/reading/standardise` is imported, so that tests compare what was
read with what was meant. Everything drawn here is invented; magnitudes are plausible, figures are not real.
"""
