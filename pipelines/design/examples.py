"""Components of the design system, when to use them, and the examples that the catalogue shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class DesignComponent:
    """A component: the macros that it consists of, when to use it, and examples as templates."""

    title: str
    macros: tuple[str, ...]
    use: str
    examples: tuple[str, ...]


COMPONENTS: Final = (
    DesignComponent(
        "Page frame",
        (),
        "Every page extends `design/page.html`: a link to the content, a banner over invented data, the header with "
        "what is the same on every page, the list of pages, one first-level heading, and the footer.",
        (
            """<div class="rti-banner" role="note">Demonstration: every return here is invented.</div>
<div class="rti-header">
<div><span class="rti-head-for">For offices</span> <span class="rti-head-title">Name of the service</span>
<div class="rti-head-who">Signed in: <b>Office A: sender</b></div></div>
<div class="rti-head-tools"><form method="post">{{ ui.button("Sign out") }}</form></div>
</div>""",
        ),
    ),
    DesignComponent(
        "List of pages",
        ("menu",),
        "All pages in groups, on every page. A group is named after what people come to do; the page that is shown, or "
        "the one that led to it, is marked. A narrow screen folds the list.",
        ("""{{ ui.menu("List of pages", page_groups) }}""",),
    ),
    DesignComponent(
        "Badge",
        ("badge",),
        "A state or a severity. The words carry the meaning; sign and colour repeat it.",
        (
            """{{ ui.badge("good", "✔", "Approved") }} {{ ui.badge("sent", "➜", "Sent") }}
{{ ui.badge("draft", "◐", "Draft") }} {{ ui.badge("error", "✖", "Error") }}
{{ ui.badge("warning", "▲", "Warning") }} {{ ui.badge("information", "i", "Information") }}
{{ ui.badge("off", "⊘", "Withdrawn") }} {{ ui.badge("expected", "○", "expected") }}
{{ ui.badge("findings", "▲", "with findings") }} {{ ui.badge("overdue", "✖", "overdue") }}""",
        ),
    ),
    DesignComponent(
        "Link",
        ("link",),
        "A way to another page. Its text says where it leads without the words around it.",
        ("""{{ ui.link("Open the validation report", "#content") }}""",),
    ),
    DesignComponent(
        "Small print",
        ("small",),
        "A remark that most readers can skip.",
        ("""{{ ui.small("The language is kept with your account.") }}""",),
    ),
    DesignComponent(
        "List",
        ("items",),
        "Sentences or links, one below the other; nothing is shown for an empty list.",
        (
            """{{ ui.items(["The total differs from its parts.", ui.link("Cell C9", "#content")]) }}""",
            """{{ ui.items(["Without bullets, for lines that have signs of their own."], "rti-plain") }}""",
        ),
    ),
    DesignComponent(
        "Facts",
        ("facts",),
        "Properties of one thing. Empty descriptions are left out.",
        ("""{{ ui.facts([("Office", "Office of the prosecutor"), ("Period", "2026 Q3"), ("Form", "")]) }}""",),
    ),
    DesignComponent(
        "Notice",
        ("notice",),
        "What the reader must know before going on. With an anchor it can receive the focus.",
        (
            """{{ ui.notice("note", "No returns are due from your offices", level=4) }}""",
            """{% call ui.notice("warning", "Restricted: not for publication", level=4) %}
<p>Small numbers can identify single persons.</p>
{% endcall %}""",
            """{{ ui.notice("good", "Nothing is overdue", level=4) }}""",
            """{{ ui.notice("error", "1 return is overdue", ui.items(["6 days after the due date"]), level=4) }}""",
        ),
    ),
    DesignComponent(
        "Error summary",
        ("error_summary",),
        "First on the page after a form that was refused. Each error links to its field, and the focus goes here.",
        ("""{{ ui.error_summary("Check what you entered", [("Enter a name.", "refused"), ("Not sent.", "")]) }}""",),
    ),
    DesignComponent(
        "Result",
        ("result",),
        "What the last action did, shown once on the page to which it leads. The focus goes here.",
        ("""{{ ui.result("Sent. Your receipt is below. Please keep it.") }}""",),
    ),
    DesignComponent(
        "Secret",
        ("secret",),
        "A password or token in the answer to the form that made it. It is never in a cookie or an address.",
        (
            """{% call ui.secret("Copy this token now: it is shown only once", "rti_0123456789abcdef_example") %}
<p>Anyone who has it can act for you.</p>
{% endcall %}""",
        ),
    ),
    DesignComponent(
        "Table",
        ("table",),
        "Records with the same columns. The first column is the heading of its row; columns of numbers are aligned to "
        "the right. A table of badges is `wide`. On a narrow screen each row is shown field by field. One with a "
        "`name` is on a static page: a script adds the headings of columns that a narrow screen shows.",
        ("""{{ ui.table(table) }}""", """{{ ui.table(wide_table) }}""", """{{ ui.table(static_table) }}"""),
    ),
    DesignComponent(
        "Pagination",
        ("pagination",),
        "Links to the neighbouring pages of a long list. Nothing is shown if there is only one page.",
        ("""{{ ui.pagination("Pages of this list", "Newer returns", "#newer", "Older returns", "#older") }}""",),
    ),
    DesignComponent(
        "Tabs",
        ("tabs",),
        "Views of one thing, each with its own address.",
        (
            """{{ ui.tabs("Parts of this report",
           [("Findings", "#findings", true), ("Changes", "#changes", false), ("Files", "#files", false)]) }}""",
        ),
    ),
    DesignComponent(
        "Progress",
        ("progress",),
        "How far something is that takes more than a few seconds. The text says the same.",
        ("""{{ ui.progress(0.4, "4 of 10 files are checked") }}""",),
    ),
    DesignComponent(
        "Disclosure",
        ("disclosure",),
        "Content that few readers need. Never fold an error or a step of a task.",
        ("""{% call ui.disclosure("12 more") %}<p>The rest of the list.</p>{% endcall %}""",),
    ),
    DesignComponent(
        "Buttons",
        ("button", "button_link"),
        "One primary button for each form. `danger` marks what cannot be taken back. A link that looks like a button "
        "downloads something or begins a task. Equal buttons in rows differ by `about`, which only a screen reader "
        "announces.",
        (
            """<div class="rti-actions">
{{ ui.button("Send for approval", kind="primary") }}
{{ ui.button("Show") }}
{{ ui.button("Revoke it", kind="danger") }}
{{ ui.button("Sign out", "session", "7f3a", about="Firefox, Windows") }}
{{ ui.button_link("Download the workbook", "#download", download=true) }}
</div>""",
        ),
    ),
    DesignComponent(
        "Hidden field",
        ("hidden",),
        "The token of a form, and what it is about. The server checks every hidden value again.",
        ("""{{ ui.hidden("csrf", csrf) }}""",),
    ),
    DesignComponent(
        "Text field",
        ("text_field", "text_area"),
        "A label above, a hint where the label is not enough, and the error next to a refused value, which is kept.",
        (
            """{{ ui.text_field("name", "Name that people will see", hint="The office's role, not a person.") }}""",
            """{{ ui.text_field("refused", "Name that people will see", error="Enter a name.") }}""",
            """{{ ui.text_area("why", "Explanation in words", "Two large cases were reported.", minlength=10) }}""",
        ),
    ),
    DesignComponent(
        "Selection",
        ("select",),
        "One of several options. `placeholder` is the text of no choice.",
        ("""{{ ui.select("period", "Period", [("2026-Q3", "2026 Q3"), ("2025", "2025")], "2025", "every") }}""",),
    ),
    DesignComponent(
        "Checkboxes",
        ("checkbox", "checkboxes"),
        "Yes or no, or several of a list. A list box with several choices needs a mouse and a modifier key.",
        (
            """{{ ui.checkbox("mine", "Only those I uploaded") }}""",
            """{{ ui.checkboxes("quarter", "Periods that are open", [("2026-Q2", "2026 Q2"), ("2026-Q3", "2026 Q3")],
                ["2026-Q3"], hint="Choose all in which there was nothing to count.") }}""",
        ),
    ),
    DesignComponent(
        "Radio buttons",
        ("radios",),
        "One of a list that is short enough to be read. In a questionnaire, each answer is visible without a click.",
        (
            """{{ ui.radios("ease", "How easy is it to get an answer?", [("1", "Very difficult"), ("5", "Very easy")],
                "5", note="(needs an answer)") }}""",
        ),
    ),
    DesignComponent(
        "File field",
        ("file_field",),
        "Files to upload. The browser's own control works with every keyboard and screen reader.",
        ("""{{ ui.file_field("files", "Choose files", hint="Workbooks, CSV or SDMX, at most 20 MB each.") }}""",),
    ),
    DesignComponent(
        "Custom control",
        ("field", "described"),
        "Label, hint and error around a control for which there is no macro.",
        (
            """{% call ui.field("year", "Year", hint="Four digits") %}
<input id="year" name="year" inputmode="numeric"{{ ui.described("year", "Four digits", "") }}>
{% endcall %}""",
        ),
    ),
    DesignComponent(
        "Filters",
        (),
        "A form above a list, with the method GET and a button: the address holds the choice. Several controls are in "
        "one row.",
        (
            """<form method="get"><div class="rti-filters">
{{ ui.select("filter", "Territory", [("A", "Area A"), ("B", "Area B")], placeholder="all territories") }}
{{ ui.button("Show") }}
</div></form>""",
        ),
    ),
    DesignComponent(
        "Form",
        (),
        "A form that changes something has a frame, the method POST and the token of the session.",
        (
            """<form class="rti-form" method="post">
{{ ui.hidden("csrf", csrf) }}
{{ ui.text_field("label", "What the new token is for") }}
{{ ui.button("Create a token", kind="primary") }}
</form>""",
        ),
    ),
    DesignComponent(
        "Sparkline",
        ("sparkline",),
        "The course of a series next to its last value. `components.render_sparkline` computes the points.",
        (
            """{{ ui.sparkline(["4.0,22.0 28.8,16.4 53.6,18.0", "78.4,9.1 128.0,4.0"], ("128.0", "4.0"),
                "2025 Q1 to 2026 Q2: from 3 to 14", 132, 26) }}""",
        ),
    ),
)
