// A link of the summary leads to its finding, also from another part of the answer, where findings are not drawn: it
// chooses their part first. Nothing is loaded anew, so that what the session holds stays.
(() => {
  const LONGEST = 20_000;
  const PARTS = ".st-key-answer-view [role=radio]";

  const lead = (id, until) => {
    const part = document.getElementById(id);
    if (part) {
      part.focus({ preventScroll: true });
      part.scrollIntoView({ block: "start" });
    } else if (performance.now() < until) setTimeout(lead, 100, id, until);
  };

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("#summary a[href^='#']");
    if (!link || document.getElementById(link.hash.slice(1))) return;
    const findings = document.querySelector(PARTS);
    if (!findings) return;
    event.preventDefault();
    findings.click();
    lead(link.hash.slice(1), performance.now() + LONGEST);
  });
})();
