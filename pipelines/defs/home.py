"""The resource through which every asset gets the home it works on."""

import dagster as dg

from pipelines.home import Home, default_root, open_home


class HomeResource(dg.ConfigurableResource[Home]):
    """The folder that holds all data; `root` is `RTI_HOME` unless a test says otherwise."""

    root: str = ""

    def open(self) -> Home:
        """Open it. Raises HomeError with the command that makes one."""
        from pathlib import Path

        return open_home(Path(self.root) if self.root else default_root())


@dg.definitions
def resources() -> dg.Definitions:
    return dg.Definitions(resources={"home": HomeResource()}, executor=dg.in_process_executor)
