"""Reference figures that others published about the territories, mapped to our codes and kept apart from returns."""
