"""A service that listens on 127.0.0.1 only, where nobody but its own container reaches it."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Withdrawn(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


if __name__ == "__main__":
    print("listening on 127.0.0.1:8080", flush=True)  # noqa: T201
    ThreadingHTTPServer(("127.0.0.1", 8080), Withdrawn).serve_forever()
