"""An invented corpus of texts with and without names of persons; `python -m tests.persons` counts those found."""
