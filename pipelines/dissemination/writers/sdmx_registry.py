"""Write registered data sources as the answer of a registry, in SDMX-ML 2.1 and 3.0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pipelines.core import clock
from pipelines.dissemination.artefacts import make_urn
from pipelines.dissemination.structures import Structures
from pipelines.dissemination.writers.sdmx_ml import Version
from pipelines.dissemination.writers.xml_elements import ElementComposer, write_root

MEDIA_TYPES: Final = {
    "2.1": "application/vnd.sdmx.registry+xml; version=2.1",
    "3.0": "application/vnd.sdmx.registry+xml; version=3.0.0",
}


@dataclass(frozen=True)
class Registration:
    """A file with the data of a dataflow in a release, and the time in which the release was current.

    `service` is the address of a service that answers queries about the data, if it does without naming the release.
    """

    id: str
    dataflow: str
    file: str
    service: str | None
    valid_from: datetime
    valid_until: datetime | None = None

    @property
    def updated_at(self) -> datetime:
        """Return when the registration was made, or when it ended."""
        return self.valid_until or self.valid_from


def write_registrations(
    structures: Structures, registrations: Sequence[Registration], version: Version = "3.0"
) -> bytes:
    """Return the answer to a query of registrations."""
    composer = ElementComposer(version, {"mes": "message", "com": "common", "reg": "registry"})
    root, header = composer.compose_root("RegistryInterface", structures, "REGISTRATIONS")
    composer.add_element(header, "mes:Receiver", id="not_supplied")
    answer = composer.add_element(root, "mes:QueryRegistrationResponse")
    composer.add_element(answer, "reg:StatusMessage", status="Success")
    for item in registrations:
        result = composer.add_element(
            composer.add_element(answer, "reg:QueryResult", timeSeriesMatch="false"), "reg:DataResult"
        )
        element = composer.add_element(
            result, "reg:Registration", id=item.id, validFrom=clock.format_timestamp(item.valid_from)
        )
        if item.valid_until is not None:
            element.set("validTo", clock.format_timestamp(item.valid_until))
        element.set("lastUpdated", clock.format_timestamp(item.updated_at))
        agreement = make_urn(structures, "provisionagreement", item.dataflow)
        if version == "3.0":
            composer.add_element(element, "reg:ProvisionAgreement", agreement)
        else:
            composer.add_element(composer.add_element(element, "reg:ProvisionAgreement"), "URN", agreement)
        source = composer.add_element(element, "reg:Datasource")
        composer.add_element(source, "reg:SimpleDataSource", item.file)
        if item.service is not None:
            queried = composer.add_element(
                source, "reg:QueryableDataSource", isRESTDatasource="true", isWebServiceDatasource="false"
            )
            composer.add_element(queried, "com:DataURL", item.service)
    return write_root(root)
