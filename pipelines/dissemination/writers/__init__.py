"""Write selected observations of a release in one format each.

Every writer takes an `Extract` and yields bytes: the same bytes for the same release and selection. A value that is
withheld, missing or not applicable is absent, and `OBS_STATUS` and `CONF_STATUS` say which it is; zero is a number.
"""
