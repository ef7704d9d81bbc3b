"""The portal of a home on a port, for browser tests: `python -m tests.support.service.portal_server HOME PORT`.

Who has signed in is said by a cookie that only this process believes: it gives the claims that a provider would give
(`layout.ask_for_claims`).  The portal itself knows no such way.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

COOKIE = "rti_test_account"


def main(root: str, port: int) -> None:
    """Serve until ended."""
    os.environ["RTI_HOME"] = root
    import streamlit as st
    import uvicorn
    from streamlit.starlette import App

    from dashboards.office import layout, pages
    from dashboards.office.connections import StaleRunFilter
    from dashboards.office.pages import page_paths
    from dashboards.office.shell import INLINE_SCRIPTS, DocumentShell, asset_routes
    from pipelines.core.home import open_home
    from pipelines.submissions.checking.check import warm_up
    from pipelines.submissions.service import open_desk
    from pipelines.web.security_headers import SecurityHeaders
    from pipelines.web.settings import Site
    from tests.support.service import portal_fixture

    desk = open_desk(open_home())
    portal_fixture.make_accounts(desk.engine)
    threading.Thread(target=warm_up, args=(desk.registry,), daemon=True).start()

    def claims() -> tuple[layout.Claims, str]:
        account = st.context.cookies.get(COOKIE)
        return (portal_fixture.claims(account) if account else {}), ""

    layout.ask_for_claims(claims)
    app = App(str(Path(pages.__file__).with_name("navigation.py")), routes=asset_routes())
    served = SecurityHeaders(DocumentShell(StaleRunFilter(app), page_paths()), Site(), INLINE_SCRIPTS)
    uvicorn.run(served, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
