"""The design system of server-rendered pages: CSS tokens, Jinja macros, and the addresses of static files.

The offices' pages and the sign-in use it. It knows no page and no figure: macros receive every word as an argument.
"""
