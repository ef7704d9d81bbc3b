// Copy buttons, whole addresses, the day of printing, Escape on explanations of words, and arrow keys of the meeting
// view. Pages can be read without it.
"use strict";
(() => {
  const { copy, copied, cite, embed, low, high, accessed } = document.currentScript.dataset;
  const root = document.documentElement;
  root.classList.add("has-script");

  const readNumber = (field, end) => field.querySelector("data")?.getAttribute(end) ?? "";

  function readText(field) {
    const plain = field.cloneNode(true);
    for (const part of plain.querySelectorAll("sup, .front-badge, .front-about, .rti-hidden, .front-separator")) part.remove();
    const text = plain.textContent.replace(/\s+/g, " ").trim();
    // A spreadsheet program would read such a text as a formula.
    return /^[=+\-@]/.test(text) && !/^[+-]\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  }

  // A figure and the ends of its interval are columns of their own.
  function readTable(table) {
    const rows = [...table.rows].map((row) => [...row.cells]);
    const hasInterval = rows[0].map((_, column) => rows.some((row) => readNumber(row[column], "data-low")));
    return rows.map((row, place) => row.flatMap((field, column) => {
      const text = readNumber(field, "value") || readText(field);
      if (!hasInterval[column]) return [text];
      if (!place) return [text, low.replace("…", () => text), high.replace("…", () => text)];
      return [text, readNumber(field, "data-low"), readNumber(field, "data-high").replace("inf", "∞")];
    }).join("\t")).join("\n");
  }

  // Narrow screens show each field of a table with the heading of its column.
  for (const table of document.querySelectorAll(".rti-table")) {
    const headings = [...table.rows[0].cells].map((heading) => {
      const parts = [...heading.querySelectorAll(".rti-whole")].map((part) => part.textContent);
      // No line of such a heading ends within what the table keeps on one line.
      return parts.reduce(
        (text, part) => text.replace(part, () => part.replaceAll(" ", "\u00a0")), readText(heading).replace(/\?$/, ""),
      );
    });
    // How many territories are in a figure has not the unit of the figure: "Under 18", not "Under 18: share, % (...)".
    const subjects = headings.map((text) => (headings.length > 2 ? text.split(/: | \(/)[0] : ""));
    for (const row of table.tBodies[0].rows) {
      const isCover = row.classList.contains("rti-row-cover");
      const seen = new Set();
      [...row.cells].forEach((field, at) => {
        const name = (field.dataset.column = (isCover ? subjects : headings)[at]);
        // A number and its share have the same coverage, which a phone shows once.
        const words = name + field.textContent;
        field.classList.toggle("is-same", isCover && name !== "" && seen.has(words));
        seen.add(words);
      });
    }
  }

  // A table whose figures fit with their intervals on one line shows them so, with all its states ("no regional figure")
  // or else without; only the browser knows. All tables are measured at once, so that the page is laid out thrice at most.
  function fitTables() {
    const levels = ["is-roomy", "is-even"];
    let rest = [...document.querySelectorAll(".rti-numbers")];
    for (const table of rest) table.classList.remove(...levels);
    for (const level of levels) {
      for (const table of rest) table.classList.add(level);
      rest = rest.filter(({ parentElement: box }) => box.scrollWidth > box.clientWidth);
      for (const table of rest) table.classList.remove(level);
    }
  }
  fitTables();
  addEventListener("resize", fitTables);
  document.addEventListener("toggle", fitTables, true);

  const tidy = (text) => text.replace(/\s+/g, " ").trim();

  // Browsers lack names of months in some of our languages and would write them in English, or "M11".
  function formatDay(day) {
    if (root.lang === "en") return day.toLocaleDateString("en-GB", { dateStyle: "long" });
    return `${day.getDate()}.${day.getMonth() + 1}.${day.getFullYear()}`;
  }

  // The page cannot know the day on which it is read.
  function readCitation(citation, ofTable) {
    const address = tidy(citation.querySelector(".front-address").textContent);
    const day = formatDay(new Date());
    const text = ofTable ? `${ofTable} ` : tidy(citation.textContent).slice(0, -address.length);
    return `${text}${accessed.replace("…", () => address).replace("@", () => day)}`;
  }

  // As the page of a release is cited, with the title of a table and its territories. The same is in its files
  // (`dashboards/public/page_parts.py`).
  function citeTable(part, citation, caption) {
    const table = part.querySelector("table");
    let title = tidy(caption ? readText(caption) : table.caption.textContent).replace(/\.$/, "");
    const headings = [...table.rows[0].cells, ...[...table.tBodies[0].rows].map((row) => row.cells[0])];
    const findYears = (text) => text.match(/\b(?:19|20)\d\d\b/g) ?? [];
    const years = headings.slice(1).flatMap((heading) => findYears(readText(heading))).sort();
    if (years.length && !findYears(title).length) title += `, ${[...new Set([years[0], years.at(-1)])].join("–")}`;
    const covers = part.dataset.covers ?? citation.dataset.covers;
    return readCitation(citation, citation.dataset.table.replace("@1", () => title).replace("@2", () => covers));
  }

  // A table alone has the address of its files. Its rows are on one line each, as far as one can know here.
  function composeFrame(part, table) {
    const address = root.dataset.address.replace(/html$/, `${part.id.slice(6)}.html`);
    const height = 170 + 40 * table.rows.length + 45 * part.querySelectorAll(".front-notes > li").length;
    const frame = document.createElement("iframe");
    const attributes = { src: address, title: tidy(readText(table.caption)), width: "100%", height, loading: "lazy" };
    for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value);
    return frame.outerHTML;
  }

  // Where the service does not know its public address, paths to copy begin with the address of the open page.
  if (location.protocol.startsWith("http")) {
    for (const address of document.querySelectorAll(".front-address")) {
      if (address.textContent.startsWith("/")) address.prepend(location.origin);
    }
    if (root.dataset.address?.startsWith("/")) root.dataset.address = location.origin + root.dataset.address;
  }

  for (const citation of document.querySelectorAll(".front-citation")) {
    const parts = [...citation.childNodes];
    addEventListener("beforeprint", () => citation.replaceChildren(readCitation(citation)));
    addEventListener("afterprint", () => citation.replaceChildren(...parts));
  }

  // Text to copy is in a picture with a caption, or below a heading.
  function findTitle(code) {
    const before = [...document.querySelectorAll("figcaption, h2, h3")].filter(
      (title) => title.compareDocumentPosition(code) & Node.DOCUMENT_POSITION_FOLLOWING);
    return readText(code.closest("figure")?.querySelector("figcaption") ?? before.at(-1));
  }

  const writeText = (text) => navigator.clipboard.writeText(text);

  function addButton(place, about, read, write = writeText, label = copy) {
    const button = document.createElement("button");
    const hidden = document.createElement("span");
    hidden.className = "rti-hidden";
    hidden.textContent = about && `, ${about}`;
    button.type = "button";
    button.className = "front-copy";
    button.append(label, hidden);
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    button.addEventListener("click", async () => {
      await write(read());
      status.textContent = copied;
      setTimeout(() => { status.textContent = ""; }, 4000);
    });
    place.append(button, " ", status);
  }

  if (navigator.clipboard) {
    const citation = document.querySelector(".front-citation");
    for (const part of document.querySelectorAll(".front-table")) {
      const table = part.querySelector("table");
      const copyRows = (text) => copyTable(text, writeText);
      const [place, about] = [part.querySelector(".front-save"), table.caption.textContent];
      addButton(place, about, () => readTable(table), copyRows);
      if (citation?.dataset.table) addButton(place, about, () => citeTable(part, citation), writeText, cite);
      if (root.dataset.address?.endsWith(".html")) addButton(place, about, () => composeFrame(part, table), writeText, embed);
    }
    // A picture covers what the table with its figures covers.
    for (const picture of document.querySelectorAll("figure[aria-details]")) {
      const part = document.getElementById(picture.getAttribute("aria-details"));
      const [place, caption] = [picture.querySelector(".front-save"), picture.querySelector("figcaption")];
      if (!part || !citation?.dataset.table) continue;
      addButton(place, readText(caption), () => citeTable(part, citation, caption), writeText, cite);
    }
    for (const code of document.querySelectorAll(".front-code, .front-citation")) {
      const place = document.createElement("p");
      place.className = "front-save";
      code.after(place);
      const isCitation = code.matches(".front-citation");
      addButton(place, findTitle(code), () => (isCitation ? readCitation(code) : tidy(code.textContent)));
    }
  }

  // A menu that the keyboard has left would cover what has the focus.
  for (const menu of document.querySelectorAll(".front-menu")) {
    menu.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !menu.contains(relatedTarget)) menu.hidePopover?.();
    });
  }

  // An explanation covers text only with this script, so that Escape can always close it.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const term of document.querySelectorAll(".front-term:is(:hover, :focus-within)")) term.classList.add("is-closed");
  });
  for (const term of document.querySelectorAll(".front-term")) {
    for (const name of ["pointerleave", "focusout"]) {
      term.addEventListener(name, () => term.classList.remove("is-closed"));
    }
    for (const name of ["pointerenter", "focusin"]) {
      term.addEventListener(name, () => {
        const isLate = term.firstElementChild.getBoundingClientRect().left > root.clientWidth / 2;
        term.classList.toggle("is-late", isLate);
      });
    }
  }

  const keys = { ArrowRight: "next", PageDown: "next", ArrowLeft: "prev", PageUp: "prev" };
  document.addEventListener("keydown", (event) => {
    const isPlain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
    const link = isPlain && document.querySelector(`.front-meeting a[rel="${keys[event.key]}"]`);
    if (link && !event.target.closest(".rti-scroll, input, textarea")) link.click();
  });
})();
