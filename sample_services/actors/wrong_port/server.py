"""A service that listens on another port than its manifest says."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Elsewhere(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


if __name__ == "__main__":
    print("listening on port 9090", flush=True)  # noqa: T201
    ThreadingHTTPServer(("0.0.0.0", 9090), Elsewhere).serve_forever()  # noqa: S104
