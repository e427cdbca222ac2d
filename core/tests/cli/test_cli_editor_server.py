"""A real YAML language server completes and checks the settings of plugins, led by what `config schema --write` wrote."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = "yaml-language-server@1.25.0"

FILE = """\
storage:
  postgres:
    should_autocreate_tables: true
    p
compute_logs:
  local:
    base_dir: /tmp/logs
    polling_timout: 5
"""

pytestmark = pytest.mark.soak


class LanguageServer:
    """The other end of a language server's standard streams."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._to, self._from = process.stdin, process.stdout
        self._requests = 0

    def notify(self, method: str, **params: Any) -> None:
        self._send({"method": method, "params": params})

    def request(self, method: str, **params: Any) -> Any:
        self._requests += 1
        self._send({"id": self._requests, "method": method, "params": params})
        return self._wait_for(lambda message: message.get("id") == self._requests)["result"]

    def wait_for(self, method: str) -> Any:
        return self._wait_for(lambda message: message.get("method") == method)["params"]

    def _wait_for(self, is_it) -> dict[str, Any]:
        while not is_it(message := self._receive()):
            if {"id", "method"} <= set(message):  # the server asks for something; it does without
                self._send({"id": message["id"], "result": None})
        return message

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._to.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._to.flush()

    def _receive(self) -> dict[str, Any]:
        length = 0
        while header := self._from.readline().strip():
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        assert length, "the language server has ended"
        message: dict[str, Any] = json.loads(self._from.read(length))
        return message


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LanguageServer]:
    """The language server, installed into a folder of the test's own."""
    npm = shutil.which("npm")
    assert npm is not None, "this test needs Node.js: install Debian's 'nodejs' and 'npm'"
    folder = tmp_path / "server"
    install = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--silent", SERVER]
    subprocess.run(install, check=True)
    command = [str(folder / "node_modules" / ".bin" / "yaml-language-server"), "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield LanguageServer(process)
        process.kill()


def test_a_language_server_knows_the_settings_of_plugins(runrack, home, server):
    """With nothing but the modeline it completes a setting of one plugin and marks a mistyped one of another."""
    file = home / "runrack.yaml"
    file.write_text(FILE)
    assert runrack("config", "schema", "--write").exit_code == 0
    text = file.read_text()
    document = {"uri": file.as_uri()}

    server.request("initialize", processId=None, rootUri=home.as_uri(), capabilities={})
    server.notify("initialized")
    settings = {"yaml": {"completion": True, "validate": True, "schemaStore": {"enable": False}}}
    server.notify("workspace/didChangeConfiguration", settings=settings)
    opened = {**document, "languageId": "yaml", "version": 1, "text": text}
    server.notify("textDocument/didOpen", textDocument=opened)

    line = text.splitlines().index("    p")
    found = server.request(
        "textDocument/completion", textDocument=document, position={"line": line, "character": 5}
    )
    assert {"postgres_url", "postgres_db"} <= {item["label"] for item in found["items"]}

    diagnostics = server.wait_for("textDocument/publishDiagnostics")["diagnostics"]
    mistyped = [mark for mark in diagnostics if "polling_timout" in mark["message"]]
    assert [mark["range"]["start"]["line"] for mark in mistyped] == [
        text.splitlines().index("    polling_timout: 5")
    ]
