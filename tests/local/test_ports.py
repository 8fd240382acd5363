"""The ports of a local cloud are bound before anything else starts: all of them, or none."""

import pytest

from localcloud.ports import Ports, bind, listen, port_of
from localcloud.settings import LOAD_BALANCERS, Settings

ANYWHERE = Settings(api_port=0, aws_port=0, alb_port=0)


def close(ports: Ports) -> None:
    """Give the ports back."""
    for listening in ports:
        listening.close()


def test_any_ports() -> None:
    """Port 0 is any that is free; the load balancers' are in a row."""
    ports = bind(ANYWHERE)
    numbers = [port_of(each) for each in ports]
    first = port_of(ports.balancers[0])
    close(ports)

    assert len(numbers) == len(set(numbers)) == 2 + len(LOAD_BALANCERS)
    assert list(range(first, first + len(LOAD_BALANCERS))) == numbers[2:]


def test_a_taken_port_gives_all_back() -> None:
    """A port of the row that is taken is named, and those that were bound before it are free again."""
    ports = bind(ANYWHERE)
    first, *_, last = (port_of(each) for each in ports.balancers)
    close(ports)
    with listen(last), pytest.raises(OSError, match=f"cannot listen on 127.0.0.1:{last}"):
        bind(Settings(api_port=0, aws_port=0, alb_port=first))

    listen(first).close()
