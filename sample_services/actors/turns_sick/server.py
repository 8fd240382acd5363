"""A service that answers TURNS_SICK_AFTER_REQUESTS requests well, health checks included, and 500 from then on."""

import itertools
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

WELL = int(os.environ["TURNS_SICK_AFTER_REQUESTS"])
REQUESTS = itertools.count()


class Sickening(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if next(REQUESTS) < WELL else 500)
        self.end_headers()


if __name__ == "__main__":
    HTTPServer(("0.0.0.0", 8080), Sickening).serve_forever()  # noqa: S104
