/* Send files one by one with their progress, and show each check as it goes on. Without this script the form sends all
   files at once and the page reloads until they are checked. */
(() => {
  "use strict";
  const RETRY_SECONDS = [1, 2, 4, 8, 15, 30];

  /** Follow the check of one upload: the server sends its card anew at each change. */
  function follow(card) {
    const source = new EventSource(card.dataset.events);
    const show = (event) => {
      const holder = document.createElement("template");
      holder.innerHTML = event.data;
      const next = holder.content.firstElementChild;
      card.replaceWith(next);
      card = next;
    };
    source.addEventListener("card", show);
    source.addEventListener("end", (event) => {
      source.close();
      show(event);
      // Of several files none takes the focus from the others: the list announces itself.
      if (card.parentElement.children.length === 1) card.focus();
    });
  }

  /** Make the card of a file that is on its way. */
  function makeCard(name) {
    const card = document.createElement("article");
    card.className = "rti-card";
    card.tabIndex = -1;
    const heading = document.createElement("h2");
    heading.textContent = name;
    const line = document.createElement("div");
    line.className = "rti-progress";
    const bar = document.createElement("progress");
    bar.max = 1;
    const text = document.createElement("span");
    line.append(bar, text);
    card.append(heading, line);
    return { card, bar, text };
  }

  function showError(parts, message) {
    parts.bar.remove();
    parts.text.className = "rti-field-error";
    parts.text.textContent = message;
  }

  /** Send one file. If the line breaks it is sent again under the same id, and the server takes it once. */
  function send(form, file, list, attempt = 0, parts = makeCard(file.name), id = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random().toString(36).slice(2, 14)}`) {
    if (!parts.card.isConnected) list.append(parts.card);
    parts.bar.setAttribute("aria-label", form.dataset.sending);
    parts.text.textContent = form.dataset.sending;
    const data = new FormData(form);
    data.delete("files");
    data.append("upload_id", id);
    data.append("files", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) parts.bar.value = event.loaded / event.total;
    });
    const retry = () => {
      if (attempt >= RETRY_SECONDS.length) {
        showError(parts, form.dataset.failed);
        return;
      }
      parts.text.textContent = form.dataset.retrying;
      setTimeout(() => send(form, file, list, attempt + 1, parts, id), RETRY_SECONDS[attempt] * 1000);
    };
    request.addEventListener("error", retry);
    request.addEventListener("load", () => {
      if (request.status === 202) {
        const answer = JSON.parse(request.responseText);
        parts.card.id = `upload-${answer.upload}`;
        parts.card.dataset.events = answer.events;
        const address = new URL(location.href);
        address.searchParams.append("upload", answer.upload);
        history.replaceState(null, "", address);
        follow(parts.card);
        return;
      }
      let message = form.dataset.failed;
      try {
        message = JSON.parse(request.responseText).error ?? message;
      } catch {
        if (request.responseURL.includes("/sign-in")) {
          location.assign(request.responseURL);
          return;
        }
      }
      showError(parts, message);
    });
    request.send(data);
  }

  for (const form of document.querySelectorAll("form[data-upload]")) {
    const input = form.querySelector("input[type=file]");
    const list = document.getElementById("uploads");
    const sendAll = (files) => {
      for (const file of files) send(form, file, list);
      input.value = "";
    };
    input.addEventListener("change", () => sendAll([...input.files]));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (input.files.length) sendAll([...input.files]);
      else input.focus();
    });
    form.addEventListener("dragover", (event) => {
      event.preventDefault();
      form.classList.add("rti-drop-over");
    });
    form.addEventListener("dragleave", () => form.classList.remove("rti-drop-over"));
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      form.classList.remove("rti-drop-over");
      sendAll([...event.dataTransfer.files]);
    });
  }
  for (const card of document.querySelectorAll("[data-events]")) follow(card);
})();
