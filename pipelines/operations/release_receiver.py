"""Receive releases from the bucket again and again, and answer for the health of that on `RTI_HEALTH_PORT`.

`RTI_METRICS_PORT` is for Prometheus.
"""

from __future__ import annotations

import time
from itertools import count
from typing import TYPE_CHECKING, Final

from pipelines.core.file_store import FileStoreError
from pipelines.core.settings import MonitoringSettings, read_settings
from pipelines.operations.health_port import served_health_if_set
from pipelines.publication.releases.errors import ReleaseError
from pipelines.publication.releases.public_copies import receive_public
from pipelines.web.health import Health, HealthCheck, release_health
from pipelines.web.metrics import serve_registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from prometheus_client import CollectorRegistry

    from pipelines.core.home import Home

LONGEST_RECEPTION: Final = 600.0
"""Seconds that the reception of one release may take before it counts as failed."""
PART: Final = "receiver"
_NOTHING_YET: Final = "nothing was received yet"


class ReceptionHealth:
    """The time of the last reception and the failure since then; written by one thread and read by another.

    `longest` is how many seconds may pass without a success: a single failure between successes does not count.
    """

    def __init__(self, longest: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._longest, self._monotonic = longest, monotonic
        self._last, self._problem = monotonic(), _NOTHING_YET

    def note_success(self) -> None:
        """Record that the public folder is as the bucket is."""
        self._last, self._problem = self._monotonic(), ""

    def note_failure(self, error: Exception) -> None:
        """Record the kind of a failure. Its words may have an address and are left out."""
        if self._problem != _NOTHING_YET:
            self._problem = f"the last attempt failed ({type(error).__name__})"

    @property
    def age(self) -> float:
        """Seconds since the last success, or since the start if there was none."""
        return self._monotonic() - self._last

    def check_reception(self) -> HealthCheck:
        """Return the check of the reception."""
        is_late = self.age > self._longest
        if self._problem == _NOTHING_YET or is_late:
            return HealthCheck("reception", self._problem or "no attempt has ended for too long")
        return HealthCheck("reception")


def make_receiver_registry(reception: ReceptionHealth, measure_health: Callable[[], Health]) -> CollectorRegistry:
    """Return the metrics of the process that receives releases, with its memory and processor time."""
    from prometheus_client import CollectorRegistry, Gauge, PlatformCollector, ProcessCollector

    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    healthy = Gauge(
        "rti_healthy", "1 if releases are received and the current one is whole.", ["part"], registry=registry
    )
    healthy.labels(PART).set_function(lambda: float(measure_health().is_good))
    age = Gauge(
        "rti_reception_age_seconds", "Seconds since the bucket was read, or since the start.", ["part"],
        registry=registry,
    )  # fmt: skip
    age.labels(PART).set_function(lambda: reception.age)
    return registry


def receive_repeatedly(
    home: Home,
    seconds: float,
    *,
    report: Callable[[str], None],
    report_failure: Callable[[str], None],
    attempts: int | None = None,
) -> None:
    """Bring the public folder to the state in the bucket, again after some seconds, until the process is ended.

    `report` gets each new current release, `report_failure` each failure once. `attempts` ends it, for tests. Raises
    SettingsError.
    """
    reception, reported = ReceptionHealth(3 * seconds + LONGEST_RECEPTION), ""

    def measure_health() -> Health:
        return Health((reception.check_reception(), *release_health(home).checks))

    settings = read_settings(MonitoringSettings)
    if settings.metrics_port is not None:
        serve_registry(make_receiver_registry(reception, measure_health), settings.metrics_port)
    with served_health_if_set(settings.health_port, measure_health):
        for number in count(1):
            try:
                release = receive_public(home)
            except (ReleaseError, FileStoreError, OSError) as error:
                reception.note_failure(error)
                if str(error) != reported:
                    report_failure(str(error))
                reported = str(error)
            else:
                reception.note_success()
                reported = ""
                if release is not None:
                    report(f"{release} is the current release")
            if number == attempts:
                return
            time.sleep(seconds)
