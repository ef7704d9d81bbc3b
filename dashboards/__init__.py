"""The public app and the portal."""
