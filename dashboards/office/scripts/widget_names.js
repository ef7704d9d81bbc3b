// Names of what Streamlit draws by itself, in the language of the page: it knows them in English alone, and they are
// what a keyboard comes to first and what is read out. Which name stands where: NAMES in office/layout.py.
(() => {
  const told = (window.rtiNames = { names: [] });
  // Of a part that is known by its English name: that name's pattern, and what it names, say a file.
  const known = new WeakMap();
  let asked = false;

  const put = (part, words, english) => {
    if (english) {
      const found = new RegExp(`^${english}$`, "s").exec(part.ariaLabel ?? "");
      if (found) known.set(part, [english, found[1] ?? ""]);
      const [pattern, name] = known.get(part) ?? [];
      if (pattern !== english) return;
      words = words.replace("{name}", () => name);
    }
    const text = part.firstChild;
    // A link is its text; whatever has a picture or a text of Streamlit's in it gets a name that is read in its stead.
    if (part.tagName === "A" && text?.nodeType === Node.TEXT_NODE) {
      if (text.nodeValue !== words) text.nodeValue = words;
    } else if (part.ariaLabel !== words) part.ariaLabel = words;
  };

  const all = () => {
    asked = false;
    told.names.forEach(([where, words, english]) =>
      document.querySelectorAll(where).forEach((part) => put(part, words, english)),
    );
  };

  told.say = (names) => {
    told.names = names;
    all();
  };

  new MutationObserver(() => {
    if (!asked) requestAnimationFrame(all);
    asked = true;
  }).observe(document.body, { attributeFilter: ["aria-label"], childList: true, subtree: true });
})();
