"""What others published about the territories: read, mapped as far as the words allow, never mixed with returns."""
