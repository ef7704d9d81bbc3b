"""A program for a process of its own, which runs commands of `rti` one after another and reports what they did."""

from __future__ import annotations

_PROGRAM = """
import contextlib, io, json, sys, traceback
from pipelines.cli.main import main
results = []
for arguments in json.loads(sys.argv[1]):
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            code = main(arguments)
        except BaseException:
            code = traceback.print_exc()
    results.append((code, output.getvalue(), errors.getvalue()))
modules = [name for name in sys.modules if name.startswith(("pipelines.", "expectations.", "dashboards."))]
print(json.dumps({"results": results, "modules": modules}))
"""


def make_program(preparation: str) -> str:
    """Return the code of the program, which takes its commands as JSON in its first argument.

    It carries out `preparation` before it imports the command line. It prints an object in JSON: `results` has the exit
    code, the output and the errors of each command, `modules` the modules of the project that were imported.
    """
    return f"{preparation}\n{_PROGRAM}"
