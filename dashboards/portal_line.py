"""A line to the service that breaks: the page stays and is asked for anew, and a file on its way is given once more.

Seen with Streamlit 1.67.  The session outlives its line and the next line takes it up, but

- the run that the break stopped is told to the next line as one that ended well.  Of this the browser concludes that
  whatever the run did not show is gone: the page was empty, and with it what the widgets held.  `Lines` lets nothing
  through that was made for an older line;
- the browser asks for the page again only where it knew of a run when the line broke, not where its question went down
  with the line.  The script asks in every case, with Streamlit's own key for it, and all that the widgets hold goes
  with the question;
- a file is lost where the widget had no address for it yet, or gave its bytes while no line stood: it waits for ever or
  shows an error, although the browser still has all that is needed.  The script gives such a file once more.

A file whose reading has begun is safe (`pipelines/submissions/service/underway.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Lines:
    """Around the application: a line that takes up a session hears of no run that was begun for an older one.

    Until the browser has asked for something nothing is passed on, and what waits for it is thrown away.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Streamlit's browser names the session that it had in the third place.
        if scope["type"] != "websocket" or len(scope["subprotocols"]) < 3:
            await self.app(scope, receive, send)
            return
        session, key = scope["subprotocols"][2], dict(scope["headers"])[b"sec-websocket-key"].decode()
        asked = False

        async def heard() -> Message:
            nonlocal asked
            if not asked:
                _forget_what_waits(session, key)
            message = await receive()
            asked = asked or message["type"] == "websocket.receive"
            return message

        async def said(message: Message) -> None:
            if asked or message["type"] != "websocket.send":
                await send(message)

        await self.app(scope, heard, said)


def _forget_what_waits(session: str, key: str) -> None:
    """Empty the queue of a session, if it is this very line's: a name in a header gives nobody a right to it."""
    from streamlit import runtime

    service = runtime.get_instance()
    taken_up, client = service.get_app_session(session), service.get_client(session)
    if taken_up is None or client is None or client.client_context is None:
        return
    headers: Any = client.client_context.headers
    if dict(headers).get("sec-websocket-key") == key:
        taken_up.flush_browser_queue()
