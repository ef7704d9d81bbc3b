"""Build the Jinja environment of server-rendered pages."""

from __future__ import annotations

import re
from pathlib import Path
from types import CodeType

from jinja2 import BytecodeCache, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup, escape

_HERE = Path(__file__).parent
TEMPLATES = _HERE / "templates"


class _CompiledTemplates(BytecodeCache):
    """Compiled templates of all environments of this process, which have the same options.

    The pages of an office service take 0.2 to 0.4 s to compile. The sign-in pages and the static pages of each language
    have environments of their own.
    """

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give a template its code, if its source is that from which the code was compiled."""
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code of a template."""
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED = _CompiledTemplates()


def make_environment(*folders: Path) -> Environment:
    """Return an environment for the templates in `folders`, which find those of the design system under `design/`.

    Everything is escaped unless it is `Markup`, and an unknown name is an error instead of an empty text. The filter
    `code` is `mark_code`.
    """
    design = PrefixLoader({"design": FileSystemLoader(TEMPLATES)})
    environment = Environment(
        loader=ChoiceLoader([*(FileSystemLoader(folder) for folder in folders), design]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Templates are part of the package and do not change while a process runs.
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=_COMPILED,
    )
    environment.filters["code"] = mark_code
    return environment


def mark_code(text: str | Markup) -> Markup:
    """Return a sentence with what is between backticks, such as a command, as code.

    No line ends within an option of a command: after "--" a browser would break it, and a reader would type a blank.
    """
    html = re.sub(r"`([^`]+)`", lambda code: f"<code>{_keep_options(code[1])}</code>", str(escape(text)))
    return Markup(html)  # noqa: S704 - escaped first


def _keep_options(code: str) -> str:
    return re.sub(r"(?<!\S)--[a-z-]+", r'<span class="rti-whole">\g<0></span>', code)
