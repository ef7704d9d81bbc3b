"""Accounts of people and machines: grants, passwords, sign-in and tokens."""
