"""A line that breaks while a file is on its way: the file is given again by the page, not by the person.

Belongs here: what the browser does about it.  Does not belong here: what becomes of a file (`portal_pages/upload.py`).

Seen with Streamlit 1.67: where the websocket closes between the choice of a file and the run that reads it, the widget
waits for ever for an answer that went to the old line, or holds a file of which the new line was never told.  No error
is shown in either case, and to whoever waits it looks as if the service were slow.  A file whose reading has begun is
safe, since the session outlives its line.
"""

from __future__ import annotations

import streamlit as st

from dashboards import portal_layout as layout

_LOOK = 250
"""Milliseconds between two looks, only as long as a file is on its way."""
_WATCH = (
    "(()=>{if(window.rtiLine)return;const line=window.rtiLine={files:null,broke:false,timer:0};"
    "const ours=(e,what)=>e.target instanceof Element&&e.target.closest('[class*=st-key-drop] '+what);"
    "const forget=()=>{line.files=null;line.broke=false;clearInterval(line.timer);};"
    "const all=where=>[...document.querySelectorAll(where)];"
    "const taken=f=>all('[class*=st-key-live-],[class*=st-key-outcome-]').some(e=>e.textContent.includes(f.name));"
    # The widget shows a long name cut in its middle; whole it stands in the title.
    "const chips=f=>all('[class*=st-key-drop] [data-testid=stFileChip]').filter(e=>"
    "e.querySelector('[data-testid=stFileChipName]')?.title===f.name);"
    "const failed=e=>e.getAttribute('aria-invalid')==='true';"
    "const look=()=>{"
    "const app=document.querySelector('[data-testid=stApp]'),"
    "input=document.querySelector('[class*=st-key-drop] input[type=file]');"
    "if(!app||!input||line.files.every(taken))return forget();"
    "if(!line.broke||app.dataset.testConnectionState!=='CONNECTED'||app.dataset.testScriptState!=='notRunning'"
    "||input.disabled)return;"
    "line.broke=false;"
    "const lost=line.files.filter(f=>!taken(f)&&chips(f).every(failed));"
    "if(!lost.length){document.querySelector('[class*=st-key-resume] button')?.click();return;}"
    "lost.flatMap(chips).forEach(e=>e.querySelector('[data-testid=stFileChipDeleteBtn] button')?.click());"
    "const again=new DataTransfer();lost.forEach(f=>again.items.add(f));"
    "input.files=again.files;input.dispatchEvent(new Event('change',{bubbles:true}));};"
    "const given=list=>{const files=[...list];if(!files.length)return;forget();"
    f"line.files=files;line.timer=setInterval(look,{_LOOK});}};"
    # A line that is back at once is away for less than the time between two looks: its changes are heard.
    "new MutationObserver(()=>{line.broke=line.files!==null;}).observe(document.documentElement,"
    "{subtree:true,attributeFilter:['data-test-connection-state']});"
    "document.addEventListener('change',e=>{if(ours(e,'input[type=file]'))given(e.target.files);},true);"
    "document.addEventListener('drop',e=>{if(ours(e,'*'))given(e.dataTransfer.files);},true);"
    # Whoever takes a file out of the list does not want it given again.
    "document.addEventListener('click',e=>{if(e.isTrusted&&(ours(e,'[data-testid=stFileChipDeleteBtn] *')"
    "||ours(e,'[data-testid=stFileChipDeleteBtn]')))forget();},true);})();"
)


def hold(label: str, key: str) -> None:
    """Watch over the files of the drop areas of this page.

    The button is pressed by the script alone and nobody sees it (`portal.css`): it tells the new line what the widget
    holds, as any other button would.
    """
    with st.container(key=f"resume-{key}"):
        st.button(label, key=f"{key}.resume")
    layout.script(_WATCH)
