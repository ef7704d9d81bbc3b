"""Pages of the public dashboard: one module per page, each with one function `render_page`."""
