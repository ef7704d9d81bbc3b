"""A server of S3-compatible storage for tests: moto's, on loopback, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from tests.support.ports import free_port
from tests.support.processes import StartWatch

BUCKET = "returns"
SECRET = "storage-secret-of-tests"
_LONGEST = 60.0
"""Seconds of processor time that the server may use before it answers, or elapsed ones in which it uses none."""


@dataclass(frozen=True)
class ObjectStore:
    """A running server; it keeps objects in memory."""

    address: str
    process: subprocess.Popen[bytes]

    @contextmanager
    def pause_server(self) -> Iterator[None]:
        """Let the server answer nothing until the block ends: it accepts connections and then is silent."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def choose_folder(self, name: str) -> dict[str, str]:
        """Return the settings with which the files of returns are in a folder of the bucket."""
        return {
            "RTI_STORE_BUCKET": f"s3://{BUCKET}/{name}",
            "RTI_STORE_ENDPOINT": self.address,
            "RTI_STORE_KEY": "testing",
            "RTI_STORE_SECRET": SECRET,
        }

    def damage_object(self, key: str, content: bytes) -> None:
        """Replace the content of an object behind the back of its owner."""
        _connect(self.address).put_object(Bucket=BUCKET, Key=key, Body=content)


@contextmanager
def run_object_store() -> Iterator[str]:
    """Run a server with one empty bucket until the block ends; yield its address."""
    with run_pausable_object_store() as server:
        yield server.address


@contextmanager
def run_pausable_object_store() -> Iterator[ObjectStore]:
    """Run a server with one empty bucket until the block ends."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(64 * 2**20)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _create_bucket(process, address)
            yield ObjectStore(address, process)
        finally:
            process.terminate()


def read_objects(address: str, folder: str) -> dict[str, bytes]:
    """Return the content of each object of a folder by its key."""
    client = _connect(address)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{folder}/")
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def _connect(address: str) -> Any:
    import boto3  # it comes with the server

    return boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def _create_bucket(server: subprocess.Popen[bytes], address: str) -> None:
    watch = StartWatch(server.pid, _LONGEST)
    while True:
        try:
            httpx.put(f"{address}/{BUCKET}").raise_for_status()
            return
        except httpx.TransportError:
            if server.poll() is not None or watch.is_overdue():
                raise RuntimeError(
                    "moto's server did not start; `make test-lake` and `make test-storage` install it"
                ) from None
            time.sleep(0.1)
