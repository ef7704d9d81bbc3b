"""Hold what all requests to the questionnaire share; the stores are opened when they are first needed."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from limits import RateLimitItemPerMinute

from pipelines.survey.service import SurveyDesk
from pipelines.survey.surveys import open_surveys
from pipelines.web.guards import Rates

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

    from pipelines.submissions.service import Desk

WRONG_LINKS = RateLimitItemPerMinute(60, namespace="wrong links")
"""Links from one network that open nothing. Many people of one office may try an old link at once."""
SAVES = RateLimitItemPerMinute(60, namespace="saved pages")
"""Pages saved with one link."""
UPLOADS = RateLimitItemPerMinute(10, namespace="uploaded workbooks")
"""Workbooks uploaded with one link."""


@dataclass
class SurveyServices:
    """The questionnaire of the home that a process serves."""

    desk: Desk
    rates: Rates = field(default_factory=Rates)
    _opening: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def survey_desk(self) -> SurveyDesk:
        """Return the open questionnaire. Raises DeclarationError, SurveyDatabaseError."""
        with self._opening:
            return self._survey_desk

    @cached_property
    def _survey_desk(self) -> SurveyDesk:
        return SurveyDesk(open_surveys(self.desk.home), self.desk.engine, self.desk.registry)


def get_survey_services(connection: HTTPConnection) -> SurveyServices:
    """Return the services of the questionnaire of the application that answers a request."""
    services: SurveyServices = connection.app.state.survey
    return services
