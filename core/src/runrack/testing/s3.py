"""A server that speaks S3, for tests: a process of its own, started for the tests and gone after them.

It needs `moto[s3]`, `flask` and `flask-cors`, which make the server. A test takes a bucket of its own::

    from runrack.testing.s3 import s3_server

    @pytest.fixture
    def bucket(s3_server):
        return s3_server.make_bucket()

The fixture `s3_server` is there after the import above in a `conftest.py`, or with `-p runrack.testing.s3`.
"""

import json
import os
import re
import subprocess
import sys
import threading
import uuid
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO
from urllib.parse import quote, urlencode
from urllib.request import ProxyHandler, Request, build_opener
from xml.etree import ElementTree as ET

import pytest

from runrack.errors import StorageUnavailableError

_LISTENING = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")
_SECONDS = 30.0
_NO_PROXY = build_opener(ProxyHandler({}))
_AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=any/20000101/us-east-1/{service}/aws4_request"
"""By this the server tells which of its services is meant; it does not check it."""


@dataclass(frozen=True)
class S3User:
    """Someone whom a server knows.

    Attributes:
        access_key_id: The key that names the user.
        secret_access_key: The key that proves it.
    """

    access_key_id: str
    secret_access_key: str = field(repr=False)


class S3Server:
    """A running server. It lets everyone in, but for the time of `checking_credentials`.

    Args:
        url: Its address.
        process: Its process.
    """

    def __init__(self, url: str, process: subprocess.Popen[str]) -> None:
        self.url = url
        self._process = process

    def make_bucket(self) -> str:
        """Make an empty bucket, and return its name."""
        name = f"runrack-{uuid.uuid4().hex}"
        self._ask("PUT", f"/{name}")
        return name

    def put_object(self, bucket: str, key: str, content: bytes) -> None:
        """Make an object, or overwrite one."""
        self._ask("PUT", f"/{bucket}/{quote(key)}", content)

    def get_object(self, bucket: str, key: str) -> bytes:
        """Return the content of an object."""
        return self._ask("GET", f"/{bucket}/{quote(key)}")

    def delete_object(self, bucket: str, key: str) -> None:
        """Delete an object."""
        self._ask("DELETE", f"/{bucket}/{quote(key)}")

    def list_keys(self, bucket: str) -> list[str]:
        """Return the keys of all objects, at most 1,000, in order."""
        return _texts(self._ask("GET", f"/{bucket}?list-type=2"), "Key")

    def list_uploads(self, bucket: str) -> list[str]:
        """Return the keys of the objects whose parts are there and which have not become whole."""
        return _texts(self._ask("GET", f"/{bucket}?uploads"), "Key")

    def add_user(self, *actions: str) -> S3User:
        """Add a user who may do only this, such as `s3:GetObject`, with every object."""
        name = f"user-{uuid.uuid4().hex}"
        statement = {"Effect": "Allow", "Action": actions or ("none:None",), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        self._ask_iam(Action="CreateUser", UserName=name)
        self._ask_iam(Action="PutUserPolicy", UserName=name, PolicyName="tests", PolicyDocument=policy)
        answer = self._ask_iam(Action="CreateAccessKey", UserName=name)
        return S3User(*_texts(answer, "AccessKeyId"), *_texts(answer, "SecretAccessKey"))

    @contextmanager
    def checking_credentials(self) -> Iterator[None]:
        """Refuse, in this context, all but the users that were added, and what they may not do."""
        self._let_in_next("0")
        try:
            yield
        finally:
            self._let_in_next("inf")

    def stop(self) -> None:
        """End the process; what it stored is gone. Harmless when repeated."""
        self._process.terminate()
        self._process.wait()

    def _let_in_next(self, requests: str) -> None:
        self._ask("POST", "/moto-api/reset-auth", requests.encode(), content_type="text/plain")

    def _ask_iam(self, **form: str) -> bytes:
        body = urlencode(form).encode()
        return self._ask("POST", "/", body, service="iam", content_type="application/x-www-form-urlencoded")

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        service: str = "s3",
        content_type: str = "application/octet-stream",
    ) -> bytes:
        headers = {"Authorization": _AUTHORIZATION.format(service=service), "Content-Type": content_type}
        request = Request(f"{self.url}{path}", body, headers, method=method)  # noqa: S310 - the server is ours
        with _NO_PROXY.open(request, timeout=_SECONDS) as answer:
            content: bytes = answer.read()
        return content


@contextmanager
def own_s3_server() -> Iterator[S3Server]:
    """Give a running server on a free port of this machine, ended at the end.

    Raises:
        StorageUnavailableError: It does not start.
    """
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(  # noqa: S603 - nothing in the command comes from outside
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        assert process.stderr is not None
        try:
            server = S3Server(_read_address(process.stderr), process)
            threading.Thread(target=deque, args=(process.stderr, 0), daemon=True).start()
            yield server
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """A running server, the same for all tests."""
    with own_s3_server() as server:
        yield server


def _read_address(log: IO[str]) -> str:
    said: list[str] = []
    for line in log:
        said.append(line)
        if found := _LISTENING.search(line):
            return found[1]
    raise StorageUnavailableError(f"the S3 server does not start: {''.join(said)}")


def _texts(document: bytes, tag: str) -> list[str]:
    root = ET.fromstring(document)  # noqa: S314 - the server is ours
    return [element.text or "" for element in root.iter() if element.tag.rpartition("}")[2] == tag]
