"""A line to the service that breaks: the page stays and is asked for anew, and a file on its way is given once more.

Belongs here: what the service (`Lines`) and the browser (`hold`) do about it.  Does not belong here: what becomes of a
file (`portal_pages/upload.py`).

Seen with Streamlit 1.67.  The session outlives its line and the next line takes it up, but

- the run that the break stopped is told to the next line as one that ended well.  Of this the browser concludes that
  whatever the run did not show is gone: the page was empty, and with it what the widgets held.  `Lines` lets nothing
  through that was made for an older line;
- the browser asks for the page again only where it knew of a run when the line broke, not where its question went down
  with the line.  The script asks in every case, with Streamlit's own key for it, and all that the widgets hold goes
  with the question;
- a file is lost where the widget had no address for it yet, or gave its bytes while no line stood: it waits for ever or
  shows an error, although the browser still has all that is needed.  The script gives such a file once more.

A file whose reading has begun is safe (`pipelines/desk/underway.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dashboards import portal_layout as layout

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOOK = 250
"""Milliseconds between two looks, only as long as a file is on its way."""
_WATCH = (
    "(()=>{if(window.rtiLine)return;const line=window.rtiLine={files:null,broke:false,timer:0};"
    "const ours=(e,what)=>e.target instanceof Element&&e.target.closest('[class*=st-key-drop] '+what);"
    "const forget=()=>{line.files=null;line.broke=false;clearInterval(line.timer);};"
    "const app=()=>document.querySelector('[data-testid=stApp]')?.dataset||{};"
    # No word is typed into a field by it: the whole page is told of the key.
    "const ask=()=>['keydown','keyup'].forEach(what=>document.body.dispatchEvent("
    "new KeyboardEvent(what,{key:'r',code:'KeyR',keyCode:82,bubbles:true})));"
    "const all=where=>[...document.querySelectorAll(where)];"
    "const taken=f=>all('[class*=st-key-live-],[class*=st-key-outcome-]').some(e=>e.textContent.includes(f.name));"
    # The widget shows a long name cut in its middle; whole it stands in the title.
    "const chips=f=>all('[class*=st-key-drop] [data-testid=stFileChip]').filter(e=>"
    "e.querySelector('[data-testid=stFileChipName]')?.title===f.name);"
    "const failed=e=>e.getAttribute('aria-invalid')==='true';"
    "const look=()=>{"
    "const input=document.querySelector('[class*=st-key-drop] input[type=file]');"
    "if(!input||line.files.every(taken))return forget();"
    "if(!line.broke||app().testConnectionState!=='CONNECTED'||app().testScriptState!=='notRunning'||input.disabled)"
    "return;"
    "const lost=line.files.filter(f=>!taken(f)&&chips(f).every(failed));if(!lost.length)return;"
    "line.broke=false;"
    "lost.flatMap(chips).forEach(e=>e.querySelector('[data-testid=stFileChipDeleteBtn] button')?.click());"
    "const again=new DataTransfer();lost.forEach(f=>again.items.add(f));"
    "input.files=again.files;input.dispatchEvent(new Event('change',{bubbles:true}));};"
    "const given=list=>{const files=[...list];if(!files.length)return;forget();"
    f"line.files=files;line.timer=setInterval(look,{_LOOK});}};"
    # A line that is back at once is away for less than the time between two looks: its changes are heard.
    "new MutationObserver(()=>{line.broke=line.files!==null;if(app().testConnectionState==='CONNECTED')ask();}"
    ").observe(document.documentElement,{subtree:true,attributeFilter:['data-test-connection-state']});"
    "document.addEventListener('change',e=>{if(ours(e,'input[type=file]'))given(e.target.files);},true);"
    "document.addEventListener('drop',e=>{if(ours(e,'*'))given(e.dataTransfer.files);},true);"
    # Whoever takes a file out of the list does not want it given again.
    "document.addEventListener('click',e=>{if(e.isTrusted&&(ours(e,'[data-testid=stFileChipDeleteBtn] *')"
    "||ours(e,'[data-testid=stFileChipDeleteBtn]')))forget();},true);})();"
)


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


def hold() -> None:
    """Watch over the line of a page, and over the files of its drop area where it has one."""
    layout.script(_WATCH)
