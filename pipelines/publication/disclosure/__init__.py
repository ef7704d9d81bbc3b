"""Disclosure control: the declared programme, its protection, and an assessment that simulates an intruder."""
