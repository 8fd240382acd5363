"""A service that listens only after BOOT_SECONDS."""

import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Ready(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"booted": true}\n')


if __name__ == "__main__":
    print("booting", flush=True)  # noqa: T201
    time.sleep(float(os.environ["BOOT_SECONDS"]))
    ThreadingHTTPServer(("0.0.0.0", 8080), Ready).serve_forever()  # noqa: S104
