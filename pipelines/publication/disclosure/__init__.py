"""Disclosure control: the declared programme, its protection, and an audit that simulates an intruder."""
