"""Check pages in a browser with axe, an accessibility checker."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from tests.support import sampling

if TYPE_CHECKING:
    from playwright.sync_api import Page

SERIOUS = ("serious", "critical")
NEVER_SERIOUS = ("region", "empty-table-header")
"""Rules of lower impact that take up to a fifth of the time of all rules; `test_portal.py` checks their impact."""

WITHOUT_DEFAULT = (
    "target-size", "css-orientation-lock", "label-content-name-mismatch", "p-as-heading", "table-fake-caption",
    "td-has-header",
)  # fmt: skip
"""Rules for criteria of WCAG 2.2, levels A and AA, that axe runs only if they are enabled: one because it is new, the
others because they are experimental. Deprecated rules are not run; `test_axe.py` checks that no other rule is left out.
"""

_MAPS = """
class WeakMap {
    constructor() { this.key = Symbol(); }
    has(owner) { return this.key in owner; }
    get(owner) { return owner[this.key]; }
    set(owner, value) { owner[this.key] = value; return this; }
}
class WeakSet extends WeakMap {
    add(owner) { return this.set(owner, true); }
}"""
"""Maps that keep a value in its owner. Axe has the numbers of each colour in weak maps of the browser, which are slow,
and whose entries the browser has to search for whenever it clears memory: a fifth of the time of all rules."""

_LOAD = """() => {
    // Otherwise axe writes down the HTML of each element that it looks at, and of the body for each text.
    axe.configure({ noHtml: true });
    // It reads the colours of each text and of all that is behind it; a page has few different ones.
    const { prototype } = axe.commons.color.Color, parse = prototype.parseString, known = new Map();
    prototype.parseString = function (text) {
        if (!known.has(text)) {
            parse.call(this, text);
            known.set(text, [this.r, this.g, this.b, this.alpha]);
        }
        [this.r, this.g, this.b, this.alpha] = known.get(text);
        return this;
    };
}"""
_FIND_ALIKE = """() => {
    const COMPARED = new Set(["class", "style", "role", "scope", "type", "lang", "hidden", "tabindex", "disabled"]);
    const describe = element => {
        const attributes = [...element.attributes].map(
            ({ name, value }) => `${name}=${COMPARED.has(name) ? value : Boolean(value.trim())}`);
        const parts = [...element.childNodes].map(
            node => node.nodeType === 1 ? describe(node) : node.nodeType === 3 && node.data.trim() ? "text" : "");
        return `<${element.localName} ${attributes.join(" ")}>${parts.join(" ")}</>`;
    };
    return [...document.querySelectorAll("tbody")].flatMap(({ rows }) => {
        const shapes = new Set();
        return [...rows].filter((row, place) => {
            const shape = `${place % 2} ${describe(row)}`;
            return shapes.has(shape) || !shapes.add(shape);
        });
    });
}"""
"""Returns the rows of tables that differ from an earlier row, even or odd like them, in nothing but texts, addresses
and names: elements, classes, roles and styles are the same, and so is which texts and attributes are empty."""
_RUN = f"""([options, isWhole]) => {{
    const exclude = isWhole ? [] : ({_FIND_ALIKE})();
    const describe = ({{ element, target }}) => ({{ html: element ? element.outerHTML : String(target) }});
    return axe.run({{ include: [document], exclude }}, options).then(({{ violations }}) => violations.map(
        ({{ id, impact, nodes }}) => ({{ id, impact, nodes: nodes.map(describe) }})));
}}"""


def find_violations(page: Page, *, without: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Return the violations that axe finds on a page, each with its rule, impact and elements.

    A document receives the script of axe (570 kB) once. Only violations are returned: the full result of a page has
    megabytes of rules that passed. The rules `without` are not run. Of the rows of a table that are alike, `make test`
    checks the first even and the first odd one, and `make test-all` all.
    """
    if not page.evaluate("'axe' in window"):
        _load_axe(page)
        page.evaluate(_LOAD)
    options = {"resultTypes": ["violations"], "elementRef": True, "rules": choose_rules(without)}
    violations: list[dict[str, Any]] = page.evaluate(_RUN, [options, sampling.runs_everything()])
    return violations


def _load_axe(page: Page) -> None:
    """Run the script of axe in a page, as a script and not as a text: the browser keeps what it has compiled."""
    session = page.context.new_cdp_session(page)
    answer = session.send("Runtime.evaluate", {"expression": _compose_script()})
    session.detach()
    assert "exceptionDetails" not in answer, answer


@cache
def _compose_script() -> str:
    from axe_playwright_python.base import AXE_SCRIPT

    return f"(() => {{{_MAPS}\n{AXE_SCRIPT}\n}})()"


def choose_rules(without: Sequence[str] = ()) -> dict[str, dict[str, bool]]:
    """Return the option `rules` of axe: which rules are run or not run, contrary to their default."""
    return {rule: {"enabled": rule not in without} for rule in (*WITHOUT_DEFAULT, *without)}


def find_serious_violations(page: Page) -> list[dict[str, Any]]:
    """Return the violations of serious or critical impact."""
    violations = find_violations(page, without=NEVER_SERIOUS)
    return [violation for violation in violations if violation["impact"] in SERIOUS]
