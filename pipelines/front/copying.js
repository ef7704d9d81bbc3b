// Copy a table as text and as HTML. Both public scripts begin with this one.
//
// A spreadsheet program reads the HTML, where each number is in a cell with its value: `sdval` is read by LibreOffice and
// `x:num` by Excel, whatever the decimal sign of the program is. The text of the cell has the sign of the page's language.
function composeTable(text) {
  const table = document.createElement("table");
  table.setAttribute("xmlns:x", "urn:schemas-microsoft-com:office:excel");
  for (const line of text.split("\n")) {
    const row = table.insertRow();
    for (const field of line.split("\t")) {
      const cell = row.insertCell();
      cell.textContent = field;
      if (!/^[+-]?\d+(\.\d+)?$/.test(field)) continue;
      if (document.documentElement.lang !== "en") cell.textContent = field.replace(".", ",");
      cell.setAttribute("sdval", field);
      cell.setAttribute("sdnum", "1033;");
      cell.setAttribute("x:num", field);
    }
  }
  return table.outerHTML;
}

// A browser without `ClipboardItem` copies the text alone.
function copyTable(text, writeText) {
  if (!globalThis.ClipboardItem) return writeText(text);
  const blob = (type, content) => new Blob([content], { type });
  const item = { "text/plain": blob("text/plain", text), "text/html": blob("text/html", composeTable(text)) };
  return navigator.clipboard.write([new ClipboardItem(item)]);
}

