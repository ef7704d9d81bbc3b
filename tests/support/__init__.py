"""Helpers that several test packages share, and tools that compare what two versions of the code produce."""
