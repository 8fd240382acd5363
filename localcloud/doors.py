"""Who may come in by the HTTP doors, the API and the AWS endpoint: programs, and pages that came from the door itself.

Any page in a browser can send requests to 127.0.0.1, and a page whose name points there meanwhile (DNS rebinding) can
read the answers. Three headers give them away, and no page can change them:

    Host            the name that was asked for: a page whose name was pointed here has its own there
    Origin          where the page is from, with everything but plain GETs; https://fetch.spec.whatwg.org/#origin-header
    Sec-Fetch-Site  whether that is where it asks, with plain GETs, too; https://www.w3.org/TR/fetch-metadata/

What a browser opens for a person has `none` there, also when the page that was opened leads on here at once.
"""

import re
from dataclasses import replace
from typing import Literal

from localcloud.wsgi_server import Environ, HttpAnswer

MayOpen = Literal["nobody", "person", "link"]
"""Who may open an address in a browser: nobody, a person who types it, or any page that links to it, too."""

HTTP_PORT = 80
OUR_NAME = re.compile(r"127\.0\.0\.1|([a-z0-9_-]+\.)*localhost")
PAGES_ARE_REFUSED = (
    "the local cloud answers no web page of elsewhere: it could change what is here, and run code on this machine. "
    "Ask from a program, such as curl or an AWS client."
)
PAGE_IS_OPENED = ("GET", "navigate", "document")


def refusal(environ: Environ, port: int, may_open: MayOpen) -> str | None:
    """Say why a request may not come in at `port`, and what to do; None lets it in. It reads headers alone."""
    return _host_refused(environ, port) or _origin_refused(environ) or _site_refused(environ, may_open)


def unreadable_elsewhere(answer: HttpAnswer) -> HttpAnswer:
    """Return the answer without the headers (CORS) by which a browser would let pages of elsewhere read it."""
    kept = tuple(each for each in answer.headers if not each[0].lower().startswith("access-control-"))
    return replace(answer, headers=kept)


def _host_refused(environ: Environ, port: int) -> str | None:
    host = environ.get("HTTP_HOST", "")
    name, colon, number = host.lower().partition(":")
    if OUR_NAME.fullmatch(name) and (number if colon else str(HTTP_PORT)) == str(port):
        return None
    return (
        f"The Host header is {host!r}, and the local cloud answers as 127.0.0.1:{port} and localhost:{port} alone. "
        f"Ask http://127.0.0.1:{port}, and have a tunnel or proxy send Host: localhost:{port}."
    )


def _origin_refused(environ: Environ) -> str | None:
    """Compare Origin and Host, of which both may leave out port 80."""
    origin = environ.get("HTTP_ORIGIN")
    own = f"http://{environ['HTTP_HOST']}".lower()
    if origin is None or _without_port_80(origin.lower()) == _without_port_80(own):
        return None
    return f"The Origin header is {origin!r}, and {PAGES_ARE_REFUSED}"


def _without_port_80(origin: str) -> str:
    return origin.removesuffix(f":{HTTP_PORT}")


def _site_refused(environ: Environ, may_open: MayOpen) -> str | None:
    site = environ.get("HTTP_SEC_FETCH_SITE")
    if site in (None, "same-origin"):
        return None
    if site == "none":
        return None if may_open != "nobody" else f"A browser opened this address, and {PAGES_ARE_REFUSED}"
    if may_open == "link" and _page_is_opened(environ):
        return None
    return f"The Sec-Fetch-Site header is {site!r}, and {PAGES_ARE_REFUSED}"


def _page_is_opened(environ: Environ) -> bool:
    """Say whether the address is opened as a page of its own, and not in a frame."""
    mode, destination = environ.get("HTTP_SEC_FETCH_MODE"), environ.get("HTTP_SEC_FETCH_DEST")
    return (environ["REQUEST_METHOD"], mode, destination) == PAGE_IS_OPENED
