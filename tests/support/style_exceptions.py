"""Public functions whose one-word name is fixed elsewhere: by a framework, a protocol, or the user's vocabulary.

`style_check` does not count them. Its unit test fails for an entry whose function no longer exists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ACCEPTED_NAMES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    "Commands of `rti`: Typer takes the name of the command from the function.": {
        "pipelines/cli/accounts.py": frozenset({"add", "disable", "enable", "grant", "issue", "revoke"}),
        "pipelines/cli/audit.py": frozenset({"checkpoint", "verify"}),
        "pipelines/cli/files.py": frozenset({"check", "preview", "read"}),
        "pipelines/cli/home.py": frozenset({"init", "status", "territories"}),
        "pipelines/cli/intake.py": frozenset({"approve", "justify", "send", "withdraw"}),
        "pipelines/cli/metadata.py": frozenset({"metadata"}),
        "pipelines/cli/notices.py": frozenset({"remind", "send", "timetable"}),
        "pipelines/cli/receipt.py": frozenset({"show", "verify"}),
        "pipelines/cli/release.py": frozenset({"explain", "publish", "refresh", "rollback", "serve"}),
        "pipelines/cli/store.py": frozenset({"check"}),
        "pipelines/cli/submit.py": frozenset({"nil", "submit"}),
        "pipelines/cli/templates.py": frozenset({"template"}),
    },
    "Endpoints of the API: FastAPI takes `operationId` and summary from the function, and clients use them.": {
        "pipelines/web/api/due.py": frozenset({"template", "timetable"}),
        "pipelines/web/api/handing_in.py": frozenset({"check", "nil", "upload"}),
        "pipelines/web/api/submissions.py": frozenset(
            {
                "annotated",
                "approve",
                "findings",
                "justify",
                "receipt",
                "report",
                "send",
                "submission",
                "submissions",
                "withdraw",
            }
        ),
    },
    "Dagster's names: an asset and a job are named by their function; `defs` is the code location's entry, and "
    "`dispose` overrides a method of its storage.": {
        "pipelines/definitions.py": frozenset({"defs"}),
        "pipelines/defs/gathered.py": frozenset({"gathered"}),
        "pipelines/defs/reminders.py": frozenset({"reminders"}),
        "pipelines/defs/returns.py": frozenset({"arrivals"}),
        "pipelines/runs/event_log.py": frozenset({"dispose"}),
    },
    "Alembic calls these.": {
        "pipelines/ledger/migrations/versions/0001_ledger.py": frozenset({"downgrade", "upgrade"}),
        "pipelines/ledger/migrations/versions/0002_people.py": frozenset({"downgrade", "upgrade"}),
        "pipelines/ledger/migrations/versions/0003_growth.py": frozenset({"upgrade"}),
        "pipelines/ledger/migrations/versions/0004_fact_files.py": frozenset({"downgrade", "upgrade"}),
        "pipelines/ledger/migrations/versions/0005_web_sessions.py": frozenset({"downgrade", "upgrade"}),
        "pipelines/ledger/migrations/versions/0006_experts.py": frozenset({"downgrade", "upgrade"}),
    },
    "Methods that the standard library names: `subprocess.Popen`, `logging.Handler` and `zipfile.ZipFile`.": {
        "pipelines/reading/formats/zipguard.py": frozenset({"getinfo", "namelist"}),
        "pipelines/operations/run.py": frozenset({"emit"}),
        "pipelines/operations/supervision.py": frozenset({"kill", "poll", "terminate"}),
        "tests/unit/operations/test_supervision.py": frozenset({"kill", "poll", "terminate"}),
    },
    "Methods that argon2 names: its `PasswordHasher`.": {
        "tests/integration/submissions/accounts/test_accounts.py": frozenset({"hash", "verify"}),
    },
    "Extraction finds the texts of the catalogues by these names; `gettext` is the library's own.": {
        "dashboards/office/context.py": frozenset({"many", "tell"}),
        "pipelines/core/i18n/__init__.py": frozenset({"gettext", "many", "tell"}),
        "pipelines/core/i18n/marking.py": frozenset({"mark"}),
        "pipelines/words/language.py": frozenset({"many", "tell"}),
        "tests/support/marked_translations.py": frozenset({"gettext", "ngettext"}),
        "tests/support/sentences/recording.py": frozenset({"gettext", "ngettext"}),
    },
    "Functions of Streamlit, for which a class of tests stands in.": {
        "tests/support/sentences/exploring.py": frozenset({"code", "container", "expander", "fragment", "stop"}),
        "tests/unit/dashboards/public/test_drawing.py": frozenset({"expander", "header", "html", "markdown"}),
    },
    "The method of Great Expectations' `ValidationResultsPageRenderer`, which a class of ours overrides.": {
        "expectations/data_docs/rendering.py": frozenset({"render"}),
    },
    "The method of Dagster's `Executor`, and those of Celery's `AsyncResult`.": {
        "pipelines/defs/workers.py": frozenset({"execute", "get", "ready", "revoke"}),
    },
    "`clock.now` takes the place of `datetime.now`.": {
        "pipelines/core/clock.py": frozenset({"now"}),
    },
}
"""Function names by module, grouped by the reason for which they stay."""


def is_accepted_name(module: str, name: str) -> bool:
    """Return True if a function of a module (path from the root of the repository) keeps its one-word name."""
    return any(name in modules.get(module, ()) for modules in ACCEPTED_NAMES.values())
