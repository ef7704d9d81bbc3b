"""Declared indicators: their definitions, counting rules, and which figures may be divided or compared."""
