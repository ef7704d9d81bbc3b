"""Answer requests of real SDMX clients within the process, as the public site of a home would."""

from __future__ import annotations

import io
from pathlib import Path

import httpx
import pytest
import requests
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from urllib3 import HTTPResponse

from pipelines.core.home import open_home
from pipelines.web.open_data.service import OpenDataService
from pipelines.web.sdmx.service import SdmxService

SITE = "https://example.org"


def make_client(home: Path) -> TestClient:
    """Return a client of SDMX REST and the JSON API of a home."""
    sdmx = SdmxService(PlainTextResponse("not open data"), lambda: open_home(home))
    service = OpenDataService(sdmx, lambda: open_home(home))
    return TestClient(service, base_url=SITE, headers={"accept-encoding": "identity"})


def answer_clients(patch: pytest.MonkeyPatch, client: TestClient) -> list[str]:
    """Let `requests` and `httpx` send to a client instead of the network. Returns the addresses that they ask for."""
    addresses: list[str] = []

    def send_request(method: str, url: str, accept: str) -> httpx.Response:
        addresses.append(url)
        answer: httpx.Response = client.request(method, url, headers={"accept": accept})
        return answer

    def send_requests(
        self: requests.adapters.HTTPAdapter, request: requests.PreparedRequest, **_options: object
    ) -> requests.Response:
        answer = send_request(str(request.method), str(request.url), str(request.headers.get("accept", "*/*")))
        raw = HTTPResponse(io.BytesIO(answer.content), dict(answer.headers), answer.status_code, preload_content=False)
        return self.build_response(request, raw)

    def send_httpx(_self: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        answer = send_request(request.method, str(request.url), request.headers.get("accept", "*/*"))
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content, request=request)

    patch.setattr(requests.adapters.HTTPAdapter, "send", send_requests)
    patch.setattr(httpx.HTTPTransport, "handle_request", send_httpx)
    return addresses
