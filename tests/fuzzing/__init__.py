"""Damage files of every format at random and read them: each must be read or refused with its reason."""
