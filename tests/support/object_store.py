"""A server of S3-compatible storage for the tests of the lake: moto's, on loopback, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.support.ports import free_port

BUCKET = "returns"
_LONGEST = 60.0
"""Seconds that the server may take to start."""


@contextmanager
def run_object_store() -> Iterator[str]:
    """Run a server with one empty bucket until the block ends; yield its address. It keeps objects in memory."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    environment = {**os.environ, "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(64 * 2**20)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            _create_bucket(server, address)
            yield address
        finally:
            server.terminate()


def read_objects(address: str, folder: str) -> dict[str, bytes]:
    """Return the content of each object of a folder by its key."""
    import boto3  # it comes with the server

    client = boto3.client(
        "s3",
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{folder}/")
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


def _create_bucket(server: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + _LONGEST
    while True:
        try:
            httpx.put(f"{address}/{BUCKET}").raise_for_status()
            return
        except httpx.TransportError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("moto's server did not start; `make test-lake` installs it") from None
            time.sleep(0.1)
