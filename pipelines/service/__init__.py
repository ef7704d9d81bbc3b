"""The service of the offices over HTTP: sign-in of local accounts, the API and its client.

Belongs here: what speaks HTTP and is not a page of Streamlit.  Does not belong here: what is done with a return
(`pipelines/desk/`), the pages (`dashboards/`).
"""
