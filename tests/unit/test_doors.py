"""Who may come in by the doors of the local cloud: what a request's headers say, and nothing else."""

from itertools import product

import pytest

from localcloud.doors import MayOpen, refusal, unreadable_elsewhere
from localcloud.wsgi_server import HttpAnswer

PORT = 8000
OURS = "127.0.0.1:8000"
DOORS: tuple[MayOpen, ...] = ("nobody", "person", "link")
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
MODES = ("navigate", "no-cors", "cors", "same-origin", "websocket", None)
DESTINATIONS = ("document", "iframe", "frame", "embed", "object", "image", "script", "empty", None)


def refused(
    may_open: MayOpen = "person", port: int = PORT, method: str = "GET", **headers: str | None
) -> tuple[str, ...]:
    """Return why a request is refused, or nothing; a header's name is written with underscores, and None is absent."""
    sent = {"Host": OURS, **headers}
    environ = {f"HTTP_{name.upper()}": value for name, value in sent.items() if value is not None}
    why = refusal({"REQUEST_METHOD": method, **environ}, port, may_open)
    return (why,) if why is not None else ()


@pytest.mark.parametrize("may_open", DOORS)
@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("127.0.0.1:8000", 8000),
        ("localhost:8000", 8000),
        ("LocalHost:8000", 8000),
        ("bucket.localhost:4566", 4566),
        ("my.bucket-2_x.localhost:4566", 4566),
        ("127.0.0.1", 80),
        ("localhost:80", 80),
    ],
)
def test_a_program_comes_in(may_open: MayOpen, host: str, port: int) -> None:
    """Whoever asks by one of our names, with our port (80 need not be said), and says nothing else, comes in."""
    assert () == refused(may_open, port, Host=host)


@pytest.mark.parametrize("may_open", DOORS)
@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "127.0.0.1",
        "localhost",
        "127.0.0.1:",
        "127.0.0.1:80",
        "127.0.0.1:8001",
        "127.0.0.1:08000",
        "127.0.0.1:8000 ",
        "127.0.0.1:8000:8000",
        "127.0.0.1:8000, 127.0.0.1:8000",
        "127.0.0.1:8000, evil.example",
        "evil.example",
        "evil.example:8000",
        "evil.example, 127.0.0.1:8000",
        "127.0.0.1.evil.example:8000",
        "localhost.evil.example:8000",
        "evillocalhost:8000",
        ".localhost:8000",
        "localhost.:8000",
        "127.0.0.1.:8000",
        "user@127.0.0.1:8000",
        "http://127.0.0.1:8000",
        "0.0.0.0:8000",
        "127.0.0.2:8000",
        "127x0x0x1:8000",
        "[::1]:8000",
        "[::ffff:127.0.0.1]:8000",
        "host.docker.internal:8000",
        "localhost\n:8000",
    ],
)
def test_another_name_is_refused(may_open: MayOpen, host: str | None) -> None:
    """Another name or port, more than one, or none at all: the answer says which it was, and which are ours."""
    [why] = refused(may_open, Host=host)

    assert why.startswith(f"The Host header is {host or ''!r}, and ")
    assert f"have a tunnel or proxy send Host: localhost:{PORT}." in why


@pytest.mark.parametrize("may_open", DOORS)
@pytest.mark.parametrize(
    ("host", "origin", "port"),
    [
        ("127.0.0.1:8000", "http://127.0.0.1:8000", 8000),
        ("localhost:8000", "http://localhost:8000", 8000),
        ("LOCALHOST:8000", "http://localhost:8000", 8000),
        ("a.localhost:8000", "http://a.localhost:8000", 8000),
        ("localhost", "http://localhost", 80),
        ("localhost:80", "http://localhost", 80),
        ("localhost", "http://localhost:80", 80),
    ],
)
def test_a_page_of_our_own_comes_in(may_open: MayOpen, host: str, origin: str, port: int) -> None:
    """A page that came from the door itself may ask whatever it wants, as a browser tells it."""
    asked = ("GET", "POST", "DELETE")
    sites = ("same-origin", None)
    assert {()} == {
        refused(may_open, port, method, Host=host, Origin=origin, Sec_Fetch_Site=site, Sec_Fetch_Mode="cors")
        for method, site in product(asked, sites)
    }


@pytest.mark.parametrize("may_open", DOORS)
@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "http://evil.example",
        "http://evil.example:8000",
        "https://127.0.0.1:8000",
        "http://127.0.0.1",
        "http://127.0.0.1:80",
        "http://127.0.0.1:8001",
        "http://127.0.0.1:80000",
        "http://localhost:8000",
        "http://a.localhost:8000",
        "http://127.0.0.1:8000/",
        "http://127.0.0.1:8000.evil.example",
        "http://127.0.0.1:8000, http://127.0.0.1:8000",
        "http://127.0.0.1:8000, http://evil.example",
        "chrome-extension://abcdefghijklmnop",
        "file://",
        "127.0.0.1:8000",
    ],
)
def test_another_origin_is_refused(may_open: MayOpen, origin: str) -> None:
    """A page of another scheme, host or port comes in by no method, and no other header helps it."""
    sites, modes = ("same-origin", "none", None), ("navigate", "websocket", None)
    found = {
        refused(may_open, Origin=origin, method=method, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode)
        for method, site, mode in product(METHODS, sites, modes)
    }

    [[why]] = found
    assert why.startswith(f"The Origin header is {origin!r}, and the local cloud answers no web page of elsewhere")


def test_our_own_other_names_are_other_origins() -> None:
    """A page of localhost is another one than a page of 127.0.0.1, as in a browser."""
    names = ("127.0.0.1:8000", "localhost:8000", "a.localhost:8000")
    admitted = {(host, page) for host, page in product(names, names) if not refused(Host=host, Origin=f"http://{page}")}

    assert {(name, name) for name in names} == admitted


@pytest.mark.parametrize("site", ["cross-site", "same-site", "Cross-Site", "same-origin, cross-site", "", "whatever"])
def test_a_link_opens_the_page_alone(site: str) -> None:
    """From elsewhere comes in only who opens, as a page of its own, what links may lead to."""
    admitted = {
        (may_open, method, mode, destination)
        for may_open, method, mode, destination in product(DOORS, METHODS, MODES, DESTINATIONS)
        if not refused(may_open, method=method, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode, Sec_Fetch_Dest=destination)
    }

    assert {("link", "GET", "navigate", "document")} == admitted


def test_a_link_from_elsewhere_is_refused_with_what_it_was() -> None:
    """The answer says what the browser told."""
    [why] = refused(Sec_Fetch_Site="cross-site")

    assert why.startswith("The Sec-Fetch-Site header is 'cross-site', and the local cloud answers no web page")


def test_a_person_opens_what_is_no_call() -> None:
    """What is opened for a person comes in where addresses may be opened; at the AWS endpoint an address is a call."""
    admitted = {may_open for may_open in DOORS if not refused(may_open, Sec_Fetch_Site="none")}

    assert {"person", "link"} == admitted
    [why] = refused("nobody", Sec_Fetch_Site="none")
    assert why.startswith("A browser opened this address, and the local cloud answers no web page of elsewhere")


def test_no_page_of_elsewhere_reads_an_answer() -> None:
    """The headers by which a browser would let it are taken away, however they are spelled, and no other."""
    cors = [
        ("Access-Control-Allow-Origin", "*"),
        ("access-control-expose-headers", "a"),
        ("ACCESS-CONTROL-MAX-AGE", "1"),
    ]
    others = [("Content-Type", "text/plain"), ("Vary", "Origin"), ("X-Access-Control-Like", "1")]

    assert HttpAnswer(200, tuple(others), b"text") == unreadable_elsewhere(HttpAnswer(200, (*cors, *others), b"text"))
