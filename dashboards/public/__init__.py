"""Hold the public dashboard: the application, the page frame, charts, tables, queries on a release, and its pages."""
