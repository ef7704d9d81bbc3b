// Script of the public pages, beside Streamlit's own: links without a reload, the browser's history, announcements,
// the keyboard in popovers.
// Without it every page still works: links load a page, and the address holds the choices.
(() => {
  "use strict";

  // The words of announcements, in the language of the document.
  const texts = document.currentScript.dataset;

  // One entry in the history per action. Streamlit adds one for each address that a page writes, also before the reader
  // has done anything.
  const pushState = history.pushState.bind(history);
  let isActive = false;
  for (const kind of ["pointerdown", "keydown"]) {
    addEventListener(kind, () => { isActive = true; }, { capture: true });
  }
  history.pushState = (state, title, url) => {
    if (isActive) pushState(state, title, url);
    else history.replaceState(state, title, url);
    renewAddresses();
  };

  // The links to the open page, and the address that is printed, follow the address: a part of a page that is redrawn
  // alone has changed it, and cannot write to what is outside of it.
  function renewAddresses() {
    const newest = new URL(location.href);
    newest.searchParams.delete("release");
    const figure = (newest.searchParams.get("cell") || "").split("/");
    if (figure.length === 3) newest.searchParams.set("cell", ["current", ...figure.slice(1)].join("/"));
    for (const [kind, address] of [["frozen", new URL(location.href)], ["newest", newest]]) {
      for (const link of document.querySelectorAll(`a.rti-${kind}`)) {
        if (link.getAttribute("href") === link.textContent) link.textContent = address.href;
        link.setAttribute("href", address.href);
      }
    }
    const printed = document.querySelector(".rti-print[data-address]");
    if (!printed || printed.dataset.address === location.href) return;
    const former = printed.dataset.address;
    for (const style of document.querySelectorAll("style")) {
      if (style.textContent.includes(former)) style.textContent = style.textContent.replaceAll(former, () => location.href);
    }
    printed.textContent = printed.textContent.replace(former, () => location.href);
    printed.dataset.address = location.href;
  }

  // Streamlit copies text alone. Of all that its buttons copy, only tables have tabs.
  if (navigator.clipboard) {
    const writeText = navigator.clipboard.writeText.bind(navigator.clipboard);
    navigator.clipboard.writeText = (text) => (text.includes("\t") ? copyTable(text, writeText) : writeText(text));
  }

  // A link to another page of the dashboard is followed within the running page, as the back button is.
  addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest(".stHtml a[href], .rti-map a[href]") : null;
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    // A link inside of a picture is an element of SVG, whose `href` and `target` are not texts.
    const address = new URL(link.getAttribute("href"), location.href);
    const isOther = link instanceof HTMLAnchorElement && (link.target === "_blank" || link.hreflang);
    if (address.origin !== location.origin || isOther || address.hash || link.hasAttribute("download")) return;
    event.preventDefault();
    isPageChanged = address.pathname !== location.pathname;
    formerHeading = document.querySelector("h1");
    pushState({}, "", address);
    dispatchEvent(new PopStateEvent("popstate", { state: {} }));
    if (isPageChanged) scrollToTop();
  });

  // The menu of a narrow screen closes with Escape; it is drawn closed after a choice.
  addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && document.querySelector(".rti-menu details[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });

  // Escape closes the explanation of a term, which covers other text, until the pointer or the focus leaves it.
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const term of document.querySelectorAll(".front-term:is(:hover, :focus-within)")) {
      term.classList.add("is-closed");
      for (const name of ["pointerleave", "focusout"]) {
        term.addEventListener(name, () => term.classList.remove("is-closed"), { once: true });
      }
    }
  });

  // Streamlit draws an open popover at the end of the document and leaves the focus on its button, so that Tab would reach
  // the controls in it after all others of the page. Here an opened popover takes the focus; Tab runs through its
  // controls, and after the last one closes it and continues behind the button, as with a popover of the browser.
  // Streamlit itself closes it with Escape and returns the focus to the button.
  const POPOVER = "[data-testid=stPopoverBody]";
  const POPOVER_BUTTON = "[data-testid=stPopoverButton]";
  let popovers = 0;

  let isPopoverEntered = false;

  function enterPopover(popover, button) {
    if (!button.hasAttribute("aria-controls")) button.setAttribute("aria-controls", `rti-popover-${++popovers}`);
    popover.id = button.getAttribute("aria-controls");
    popover.tabIndex = -1;
    // A body that replaces the one with the focus leaves it on the document. Where a reader has moved it, it stays.
    // The popover is not yet at its place, to which the page must not scroll.
    if (!isPopoverEntered || document.activeElement === document.body) popover.focus({ preventScroll: true });
    isPopoverEntered = true;
  }

  // Streamlit has been seen to draw the body of an open popover a second time, on a busy machine.
  const opening = new MutationObserver(() => {
    const popover = document.querySelector(POPOVER);
    const button = document.querySelector(`${POPOVER_BUTTON}[aria-expanded=true]`);
    if (popover && button) {
      if (!popover.hasAttribute("tabindex")) enterPopover(popover, button);
    } else if (!popover && !button && isPopoverEntered) {
      isPopoverEntered = false;
      opening.disconnect();
    }
  });
  // The document is watched only from the click on a button until the popover that it opens is closed.
  addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest(POPOVER_BUTTON) : null;
    if (!button || button.ariaExpanded === "true") return;
    isPopoverEntered = false;
    opening.observe(document.body, { subtree: true, childList: true });
  }, { capture: true });

  function listControls(popover) {
    const all = popover.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]");
    return [...all].filter((control) => control.tabIndex >= 0 && !control.disabled && control.checkVisibility());
  }

  addEventListener("keydown", (event) => {
    if (event.key !== "Tab" || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    const popover = document.querySelector(POPOVER);
    const button = document.querySelector(`${POPOVER_BUTTON}[aria-expanded=true]`);
    if (!popover || !button) return;
    const controls = listControls(popover);
    const place = document.activeElement;
    // A redraw that replaces the element with the focus leaves it on the document.
    if ((place === button || place === document.body) && !event.shiftKey) {
      event.preventDefault();
      // While the focus is outside, the controls have a `tabindex` of -1: Streamlit's popover has taken the former ones
      // away, and puts them back when it gets the focus.
      popover.focus();
      listControls(popover)[0]?.focus();
    } else if (place === button) {
      // The focus goes back in the page, where the popover could cover it.
      button.click();
    } else if (!popover.contains(place)) {
      return;
    } else if (event.shiftKey && (place === popover || place === controls[0])) {
      event.preventDefault();
      button.focus();
    } else if (!event.shiftKey && controls.length === 0) {
      // It is still being filled.
      event.preventDefault();
    } else if (!event.shiftKey && place === controls.at(-1)) {
      // The browser moves the focus on from where it is after this.
      button.focus();
      button.click();
    }
  });

  // What a reader of the screen cannot see: a table was redrawn, or another page was opened.
  let isPageChanged = false;
  let formerHeading = null;
  let wasRunning = false;
  let lastText = "";
  const status = document.createElement("div");
  status.id = "rti-status";
  status.setAttribute("role", "status");
  status.style.cssText = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap";

  function scrollToTop() {
    const main = document.querySelector("[data-testid=stMain]");
    if (main) main.scrollTop = 0;
  }

  function readCaption() {
    const caption = document.querySelector(".rti-caption")?.cloneNode(true);
    for (const about of caption?.querySelectorAll(".front-about") ?? []) about.remove();
    return caption ? caption.textContent : "";
  }

  function announce() {
    const heading = document.querySelector("h1");
    const text = readCaption();
    if (isPageChanged && heading) {
      heading.tabIndex = -1;
      heading.focus({ preventScroll: true });
      status.textContent = "";
    } else if (isActive) {
      // The same words twice would be announced once.
      status.textContent = text && text !== lastText ? texts.tableUpdated.replace("{caption}", () => text) : texts.updated;
    }
    isPageChanged = false;
    lastText = text;
  }

  function watch(changes) {
    const app = document.querySelector("[data-testid=stApp]");
    const isRunning = app !== null && app.dataset.testScriptState === "running";
    // A run can be over before the page shows that it is running; then only the new heading or caption shows it.
    const heading = document.querySelector("h1");
    const isOpened = isPageChanged && heading !== null && heading !== formerHeading;
    const isRedrawn = isActive && !isPageChanged && readCaption() !== lastText;
    // A run can begin and end between two calls.
    const hasRun = wasRunning || changes.some((change) => change.oldValue === "running");
    if (app && app.dataset.testScriptState === "notRunning" && (hasRun || isOpened || isRedrawn)) {
      announce();
      renewAddresses();
    }
    wasRunning = isRunning;
  }

  // Streamlit's own words are English: each text or label that is one of them is replaced by its translation.
  const words = new Map(Object.entries(JSON.parse(texts.words)));
  const labels = ["aria-label", "placeholder", "title"];

  function translate(root) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = root; node; node = walker.nextNode()) {
      if (node instanceof Text) {
        if (words.has(node.data)) node.data = words.get(node.data);
      } else if (node instanceof Element) {
        for (const label of labels) {
          const text = node.getAttribute(label);
          if (words.has(text)) node.setAttribute(label, words.get(text));
        }
      }
    }
  }

  function translateChanges(changes) {
    for (const change of changes) {
      if (change.type === "childList") change.addedNodes.forEach(translate);
      else translate(change.target);
    }
  }

  addEventListener("DOMContentLoaded", () => {
    document.body.append(status);
    if (words.size) {
      translate(document.body);
      // Lists of choices are outside of the element that holds the page.
      new MutationObserver(translateChanges).observe(document.body, {
        subtree: true, childList: true, characterData: true, attributes: true, attributeFilter: labels,
      });
    }
    new MutationObserver(watch).observe(document.getElementById("root"), {
      subtree: true, childList: true, attributes: true, attributeOldValue: true,
      attributeFilter: ["data-test-script-state"],
    });
  });
})();
