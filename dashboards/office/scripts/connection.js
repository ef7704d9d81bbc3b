// Watches over the line of a page to the service, and over the files of its drop area, where it has one.
// Why, and what the service does: office/connections.py. Loaded once with the document (office/shell.py), so it never runs twice.
(() => {
  // Milliseconds between two looks, only as long as a file is on its way.
  const LOOK = 250;
  const line = (window.rtiLine = { files: null, broke: false, timer: 0 });

  const all = (where) => [...document.querySelectorAll(where)];
  const ours = (event, what) =>
    event.target instanceof Element && event.target.closest("[class*=st-key-drop] " + what);
  const app = () => document.querySelector("[data-testid=stApp]")?.dataset || {};

  const forget = () => {
    line.files = null;
    line.broke = false;
    clearInterval(line.timer);
  };

  // Streamlit's own key for running the page again. No word is typed into a field by it: the whole page is told of it.
  const ask = () =>
    ["keydown", "keyup"].forEach((what) =>
      document.body.dispatchEvent(new KeyboardEvent(what, { key: "r", code: "KeyR", keyCode: 82, bubbles: true })),
    );

  const taken = (file) =>
    all("[class*=st-key-live-],[class*=st-key-outcome-]").some((part) => part.textContent.includes(file.name));
  // The widget shows a long name cut in its middle; whole it stands in the title.
  const chips = (file) =>
    all("[class*=st-key-drop] [data-testid=stFileChip]").filter(
      (chip) => chip.querySelector("[data-testid=stFileChipName]")?.title === file.name,
    );
  const failed = (chip) => chip.getAttribute("aria-invalid") === "true";

  const look = () => {
    const input = document.querySelector("[class*=st-key-drop] input[type=file]");
    if (!input || line.files.every(taken)) return forget();
    const still = app().testConnectionState === "CONNECTED" && app().testScriptState === "notRunning";
    if (!line.broke || !still || input.disabled) return;
    const lost = line.files.filter((file) => !taken(file) && chips(file).every(failed));
    if (!lost.length) return;
    line.broke = false;
    lost.flatMap(chips).forEach((chip) => chip.querySelector("[data-testid=stFileChipDeleteBtn] button")?.click());
    const again = new DataTransfer();
    lost.forEach((file) => again.items.add(file));
    input.files = again.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const given = (list) => {
    const files = [...list];
    if (!files.length) return;
    forget();
    line.files = files;
    line.timer = setInterval(look, LOOK);
  };

  // A line that is back at once is away for less than the time between two looks: its changes are heard.
  new MutationObserver(() => {
    line.broke = line.files !== null;
    if (app().testConnectionState === "CONNECTED") ask();
  }).observe(document.documentElement, { subtree: true, attributeFilter: ["data-test-connection-state"] });

  document.addEventListener(
    "change",
    (event) => {
      if (ours(event, "input[type=file]")) given(event.target.files);
    },
    true,
  );
  document.addEventListener(
    "drop",
    (event) => {
      if (ours(event, "*")) given(event.dataTransfer.files);
    },
    true,
  );
  // Whoever takes a file out of the list does not want it given again.
  document.addEventListener(
    "click",
    (event) => {
      const mark = "[data-testid=stFileChipDeleteBtn]";
      if (event.isTrusted && (ours(event, mark + " *") || ours(event, mark))) forget();
    },
    true,
  );
})();
