"""Run the example of a reverse proxy with the real nginx, in front of servers that repeat what they were asked."""

from __future__ import annotations

import json
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.support.nginx import find_nginx, run_nginx
from tests.support.paths import ROOT
from tests.support.ports import free_port

NAMES = ("figures.example", "returns.example", "pipeline.example")
SESSION = "_oauth2_proxy=steward"


class _Repeater(BaseHTTPRequestHandler):
    """Answer with the request line, headers and the number of bytes of the body; as oauth2-proxy, judge the cookie."""

    part = ""
    released = threading.Event()
    """Set when requests for `/held` may be answered."""

    def _answer(self) -> None:
        if self.path == "/held":
            self.released.wait(60)
        length = len(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        status = 200
        if self.part == "4180" and self.path == "/oauth2/auth":
            status = 202 if SESSION in (self.headers.get("Cookie") or "") else 401
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = json.dumps({"part": self.part, "path": self.path, "length": length, "headers": headers}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library calls

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


@contextmanager
def _repeater(part: str) -> Iterator[int]:
    handler = type(f"_Repeater{part}", (_Repeater,), {"part": part})
    with _Server(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def _write_certificate(folder: Path) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMES[0])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in NAMES]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "privkey.pem").write_bytes(private)


class _Server(ThreadingHTTPServer):
    request_queue_size = 200


class _Proxy:
    """A client of the running proxy that resolves every name to it."""

    def __init__(self, http: int, https: int, certificate: Path) -> None:
        self._http, self._https, self._context = http, https, ssl.create_default_context(cafile=str(certificate))

    def send_request(self, host: str, path: str, method: str = "GET", **options: object) -> httpx.Response:
        headers = {"Host": host, **options.pop("headers", {})}  # type: ignore[dict-item]
        with httpx.Client(verify=self._context, trust_env=False) as client:
            request = client.build_request(
                method, f"https://127.0.0.1:{self._https}{path}", headers=headers, extensions={"sni_hostname": host},
                **options,  # type: ignore[arg-type]
            )  # fmt: skip
            return client.send(request)

    def open_connection(self, host: str, content: str) -> ssl.SSLSocket:
        """Open a connection and send some text, without waiting for an answer."""
        connection = socket.create_connection(("127.0.0.1", self._https), timeout=30)
        wrapped = self._context.wrap_socket(connection, server_hostname=host)
        wrapped.sendall(content.encode())
        return wrapped

    def send_plain_request(self, host: str, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self._http}{path}", headers={"Host": host}, trust_env=False)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Proxy]:
    program = find_nginx()
    assert program is not None, "install nginx with `python -m tests.support.nginx`, or name it in RTI_TEST_NGINX"
    folder = tmp_path_factory.mktemp("nginx")
    _write_certificate(folder)
    text = (ROOT / "deploy" / "nginx" / "rti.conf").read_text(encoding="utf-8").replace("/etc/rti/tls", str(folder))
    http, https = free_port(), free_port()
    assert "client_header_timeout 10s;" in text
    text = text.replace("client_header_timeout 10s;", "client_header_timeout 1s;")  # so that the test need not wait
    text = text.replace("listen 80 ", f"listen 127.0.0.1:{http} ").replace("listen 443 ", f"listen 127.0.0.1:{https} ")
    with ExitStack() as stack:
        for part in sorted(set(re.findall(r"127\.0\.0\.1:(8501|8502|3000|4180)", text))):
            text = re.sub(rf"127\.0\.0\.1:{part}\b", f"127.0.0.1:{stack.enter_context(_repeater(part))}", text)
        stack.enter_context(run_nginx(program, folder, text, f"http://127.0.0.1:{http}/"))
        yield _Proxy(http, https, folder / "fullchain.pem")


def test_plain_requests_are_led_to_tls(proxy: _Proxy) -> None:
    response = proxy.send_plain_request("figures.example", "/en/?area=AL")
    assert (response.status_code, response.headers["location"]) == (301, "https://figures.example/en/?area=AL")
    assert response.headers["server"] == "nginx", "no version"


@pytest.mark.parametrize(("host", "part"), [("figures.example", "8501"), ("returns.example", "8502")])
def test_requests_reach_their_part_with_true_headers(proxy: _Proxy, host: str, part: str) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    content = proxy.send_request(host, "/page?x=1", headers=forged).json()
    assert (content["part"], content["path"]) == (part, "/page?x=1")
    assert content["headers"]["host"] == host
    assert content["headers"]["x-forwarded-for"] == "127.0.0.1"
    assert content["headers"]["x-forwarded-proto"] == "https"


def test_websocket_requests_are_passed_on(proxy: _Proxy) -> None:
    content = proxy.send_request("figures.example", "/_stcore/stream", headers={"Upgrade": "websocket"}).json()
    assert (content["headers"]["upgrade"], content["headers"]["connection"]) == ("websocket", "upgrade")
    assert proxy.send_request("figures.example", "/").json()["headers"].get("connection", "") != "upgrade"


def test_public_pages_take_no_file_and_offices_do(proxy: _Proxy) -> None:
    body = bytes(2 * 1024 * 1024)
    assert proxy.send_request("figures.example", "/", "POST", content=body).status_code == 413
    assert proxy.send_request("returns.example", "/upload", "POST", content=body).json()["length"] == len(body)


def test_dagster_ui_needs_a_sign_in(proxy: _Proxy) -> None:
    for method, path in (("GET", "/"), ("POST", "/graphql"), ("GET", "/graphql?query=mutation")):
        response = proxy.send_request("pipeline.example", path, method)
        assert response.status_code == 302
        assert response.headers["location"].startswith(
            "https://pipeline.example/oauth2/start?rd=https://pipeline.example/"
        )
    assert proxy.send_request("pipeline.example", "/oauth2/auth").status_code == 404, "only nginx itself may ask"
    assert proxy.send_request("pipeline.example", "/oauth2/start").json()["part"] == "4180"
    signed_in = proxy.send_request("pipeline.example", "/runs", headers={"Cookie": SESSION})
    assert (signed_in.status_code, signed_in.json()["part"]) == (200, "3000")


def test_unknown_names_get_no_answer(proxy: _Proxy) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        proxy.send_request("figures.example", "/", headers={"Host": "evil.example"})


@pytest.mark.sampled(turn=2)
@pytest.mark.parametrize(("host", "most"), [("returns.example", 100), ("figures.example", 200)])
def test_connections_of_one_address_are_limited(proxy: _Proxy, host: str, most: int) -> None:
    request = f"GET /held HTTP/1.1\r\nHost: {host}\r\n\r\n"
    _Repeater.released.clear()
    with ExitStack() as stack:
        connections = [stack.enter_context(proxy.open_connection(host, request)) for _ in range(most)]
        connections[-1].settimeout(0.5)
        with pytest.raises(TimeoutError):
            connections[-1].recv(1)  # the last one of those that may be open waits for its answer
        # A proxy on a busy machine may not have read all of them.
        statuses = (proxy.send_request(host, "/").status_code for _ in range(100))
        assert next((status for status in statuses if status != 200), None) == 503
        _Repeater.released.set()
        for connection in connections:
            connection.settimeout(30)
            assert connection.recv(12) == b"HTTP/1.1 200"
    assert proxy.send_request(host, "/").status_code == 200


@pytest.mark.sampled(turn=3)
def test_connection_with_unfinished_headers_is_closed(proxy: _Proxy) -> None:
    with proxy.open_connection("returns.example", "GET / HTTP/1.1\r\nHost: returns.example\r\n") as connection:
        assert connection.recv(1) == b"", "nginx closes it without an answer"
