"""Pages of the public dashboard, one module a page, each with one function `show`.

Belongs here: what stands on a page and in which order.  Does not belong here: SQL, words and HTML that pages share.
"""
