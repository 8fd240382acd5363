"""A service that does not end when it is asked to: only SIGKILL ends it."""

import signal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Stubborn(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ThreadingHTTPServer(("0.0.0.0", 8080), Stubborn).serve_forever()  # noqa: S104
