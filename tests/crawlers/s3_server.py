"""A real S3 server on loopback, in a thread of the tests, with one bucket."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.request import Request, urlopen

import boto3
import polars as pl
from botocore.config import Config
from moto.server import ThreadedMotoServer

from glue_tui.core.model import Connection

ENVIRONMENT = {"LAKE_KEY": "access1", "LAKE_SECRET": "a/b+c&d=e?f%2F"}


@dataclass(frozen=True)
class S3Server:
    endpoint: str
    bucket: str = "lake"

    @property
    def connection(self) -> Connection:
        keys = "access_key={{ env.LAKE_KEY }}&secret_key={{ env.LAKE_SECRET }}"
        return Connection(name="lake", url=f"s3://{self.bucket}?endpoint={self.endpoint}&{keys}")

    def put(self, key: str, content: str | bytes) -> None:
        self._client().put_object(Bucket=self.bucket, Key=key, Body=content)

    def put_parquet(self, key: str, frame: pl.DataFrame) -> None:
        buffer = io.BytesIO()
        frame.write_parquet(buffer)
        self.put(key, buffer.getvalue())

    def delete(self, key: str) -> None:
        self._client().delete_object(Bucket=self.bucket, Key=key)

    @contextmanager
    def refusing_everybody(self) -> Iterator[None]:
        self._check_keys_after("0")
        try:
            yield
        finally:
            self._check_keys_after("inf")

    def empty(self) -> None:
        client = self._client()
        client.create_bucket(Bucket=self.bucket)
        for item in client.list_objects_v2(Bucket=self.bucket).get("Contents", []):
            client.delete_object(Bucket=self.bucket, Key=item["Key"])

    def keys(self, prefix: str = "") -> list[str]:
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def unfinished_uploads(self) -> list[str]:
        return [item["Key"] for item in self._client().list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])]

    def _check_keys_after(self, actions: str) -> None:
        url, plain = f"{self.endpoint}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        urlopen(Request(url, actions.encode(), plain, method="POST")).close()

    def _client(self):  # type: ignore[no-untyped-def]
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
            config=Config(proxies={}),
        )


@contextmanager
def running_s3() -> Iterator[S3Server]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(endpoint=f"http://{host}:{port}")
    finally:
        server.stop()
