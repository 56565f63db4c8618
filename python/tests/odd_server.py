"""A server that is no gateway, or one that has gone wrong, and answers as it is told."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Dict, List, Optional

REFUSAL = {
    "type": "error",
    "error": {
        "type": "billing_error",
        "message": "No money: ä.",
        "details": {"error_code": "runguard_budget_exceeded", "scope": "user:ann", "limit_usd": "5"},
    },
    "request_id": "rg_1",
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-haiku-5-5",
    "content": [{"type": "text", "text": "Hello."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1_000, "output_tokens": 1},
}
START = {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}}
BLOCK = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
PIECE = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello. " * 50}}


def stream_of(*events: Dict[str, Any]) -> bytes:
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events).encode()


class OddServer:
    """Answers its health page with ``health``, and every other request with ``body`` of the ``kind``."""

    def __init__(self) -> None:
        self.health = b'{"status":"ok"}'
        self.status = 200
        self.kind = "application/json"
        self.body = json.dumps(MESSAGE).encode()
        self.is_cut = False
        #: The headers of every request but those of the health page, with names in lower case.
        self.requests: List[Dict[str, str]] = []
        self._server: Optional[ThreadingHTTPServer] = None

    def __enter__(self) -> "OddServer":
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_port}"

    def stream(self, *events: Dict[str, Any], is_cut: bool = False) -> None:
        self.kind, self.body, self.is_cut = "text/event-stream", stream_of(*events), is_cut


def _handler_of(server: OddServer) -> type:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self._answer(200, "application/json", server.health)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            server.requests.append({name.lower(): value for name, value in self.headers.items()})
            self._answer(server.status, server.kind, server.body, missing=1_000 if server.is_cut else 0)

        def _answer(self, status: int, kind: str, body: bytes, missing: int = 0) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body) + missing))
            self.send_header("x-should-retry", "false")
            self.end_headers()
            self.wfile.write(body)

    return Handler


def serve_greeting(greeting: bytes) -> str:
    """An address where something speaks first, and does not speak HTTP; it takes one connection."""
    listener = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        connection, _ = listener.accept()
        connection.sendall(greeting)
        connection.close()
        listener.close()

    threading.Thread(target=greet, daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}"
