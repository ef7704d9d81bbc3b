// Copy a table as text and as HTML. Both public scripts begin with this one.
//
// A spreadsheet program reads the HTML, where each number is in a cell with its value: `sdval` is read by LibreOffice and
// `x:num` by Excel, whatever the decimal sign of the program is. The text of the cell has the sign of the page's language.
const NUMBER = /^[+-]?\d+(\.\d+)?$/;

function composeTable(text) {
  const table = document.createElement("table");
  table.setAttribute("xmlns:x", "urn:schemas-microsoft-com:office:excel");
  for (const line of text.split("\n")) {
    const row = table.insertRow();
    for (const field of line.split("\t")) {
      const cell = row.insertCell();
      const isNumber = NUMBER.test(field);
      cell.textContent = isNumber && document.documentElement.lang !== "en" ? field.replace(".", ",") : field;
      if (!isNumber) continue;
      for (const [name, value] of [["sdval", field], ["sdnum", "1033;"], ["x:num", field]]) cell.setAttribute(name, value);
    }
  }
  return table.outerHTML;
}

// A browser without `ClipboardItem` copies the text alone.
function copyTable(text, writeText) {
  if (!globalThis.ClipboardItem) return writeText(text);
  const blobs = Object.entries({ "text/plain": text, "text/html": composeTable(text) })
    .map(([type, content]) => [type, new Blob([content], { type })]);
  return navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
}

