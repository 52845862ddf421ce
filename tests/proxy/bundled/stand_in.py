"""Stands in for llama-server where only its life matters: it answers /health, and /v1/environ with its environment."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer


class Answers(BaseHTTPRequestHandler):
    """503 to as many looks at its health as `--loading` says, then 200."""

    looks = 0

    def do_GET(self) -> None:
        Answers.looks += self.path == "/health"
        self.send_response(503 if Answers.looks <= LOADING else 200)
        self.end_headers()
        self.wfile.write(json.dumps(dict(os.environ)).encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


def flag(name: str, default: str) -> str:
    """The argument that follows `name`."""
    return sys.argv[sys.argv.index(name) + 1] if name in sys.argv else default


if __name__ == "__main__":
    LOADING = int(flag("--loading", "0"))
    if complaint := flag("--complain", ""):
        sys.exit(complaint)
    HTTPServer((flag("--host", ""), int(flag("--port", "0"))), Answers).serve_forever()
