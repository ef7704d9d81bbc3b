"""Reference metadata of a territory in the structures of European statistics (ESMS, ESQRS)."""
