"""Pages of the public dashboard, one module a page, each with one function `show`."""
