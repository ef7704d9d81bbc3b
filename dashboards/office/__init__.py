"""Hold the portal of the offices: the application, sign-in, uploads, the page frame, and its pages."""
