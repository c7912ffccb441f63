"""A real HTTP server on the loopback that takes what notifications bring, and answers as a test wants."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class PostBox:
    port: int = 0
    answers: list[int] = field(default_factory=list)
    """Codes for the next posts; 200 when there are none. 0: never answered."""
    posts: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    is_closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "hook", query: str = "") -> str:
        return f"json://127.0.0.1:{self.port}/{path}{query}"


@contextmanager
def post_box() -> Iterator[PostBox]:
    """Yield a box that is open while inside."""
    box = PostBox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            code = box.answers.pop(0) if box.answers else 200
            box.paths.append(self.path)
            box.posts.append(json.loads(body))
            if code == 0:
                box.is_closing.wait()
                return
            self.send_response(code)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    box.port = server.server_address[1]
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        yield box
    finally:
        box.is_closing.set()
        server.shutdown()
        serving.join()
        server.server_close()
