"""Recover a page after its connection to the service breaks: keep the page, ask for it again, and resend a file on its
way.

Seen with Streamlit 1.67. The session outlives its connection and the next connection takes it up, but

- the run that the break stopped is reported to the next connection as one that ended well. The browser concludes
  that whatever the run did not show is gone: the page was empty, and with it what the widgets held. `StaleRunFilter`
  passes nothing on that was made for an older connection;
- the browser asks for the page again only if it knew of a run when the connection broke, not if its request was lost
  with the connection. The script asks in every case, with Streamlit's own key for it, and sends the state of all
  widgets with the request;
- a file is lost if the widget had no address for it yet, or sent its bytes while there was no connection: it waits
  forever or shows an error, although the browser still has all that is needed. The script sends such a file again.

A file whose reading has begun is safe (`pipelines/submissions/service/underway.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class StaleRunFilter:
    """Hide from a connection that takes up a session every run that was begun for an older connection.

    Until the browser has asked for something, nothing is passed on and waiting messages are discarded.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Streamlit's browser sends the session that it had as the third subprotocol.
        if scope["type"] != "websocket" or len(scope["subprotocols"]) < 3:
            await self.app(scope, receive, send)
            return
        session, key = scope["subprotocols"][2], dict(scope["headers"])[b"sec-websocket-key"].decode()
        has_asked = False

        async def receive_message() -> Message:
            nonlocal has_asked
            if not has_asked:
                _discard_waiting_messages(session, key)
            message = await receive()
            has_asked = has_asked or message["type"] == "websocket.receive"
            return message

        async def send_message(message: Message) -> None:
            if has_asked or message["type"] != "websocket.send":
                await send(message)

        await self.app(scope, receive_message, send_message)


def _discard_waiting_messages(session: str, key: str) -> None:
    """Empty the queue of a session if it belongs to this very connection, since a name in a header proves nothing."""
    from streamlit import runtime

    service = runtime.get_instance()
    taken_up, client = service.get_app_session(session), service.get_client(session)
    if taken_up is None or client is None or client.client_context is None:
        return
    headers: Any = client.client_context.headers
    if dict(headers).get("sec-websocket-key") == key:
        taken_up.flush_browser_queue()
