"""Lines of tasks on their way to CloudWatch Logs."""

import time
from collections.abc import Iterator

import pytest

from localcloud.faults import AwsFault
from localcloud.log_sink import LogSink
from tests.local.doors import Cloud


@pytest.fixture(scope="module")
def cloud() -> Iterator[Cloud]:
    """Return one running door for all tests: moto's memory belongs to the process."""
    cloud = Cloud()
    cloud.door.start()
    with cloud.closing:
        yield cloud
    cloud.door.stop()


def test_log_sink(cloud: Cloud) -> None:
    """Lines arrive in order of time in a stream that is made for them, empty ones left out."""
    logs = cloud.client("logs")
    logs.create_log_group(logGroupName="/ecs/home")
    now = int(time.time() * 1000)
    LogSink().put("/ecs/home", "home/1", [(now + 1, "second"), (now, "first")])
    LogSink().put("/ecs/home", "home/1", [(now + 2, ""), (now + 3, "third")])
    events = logs.get_log_events(logGroupName="/ecs/home", logStreamName="home/1", startFromHead=True)["events"]
    assert [one["message"] for one in events] == ["first", "second", "third"]


def test_log_sink_knows_groups(cloud: Cloud) -> None:
    """A log group exists once it is made; a longer name that begins alike is another group."""
    logs = cloud.client("logs")
    sink = LogSink()
    logs.create_log_group(logGroupName="/ecs/shop-2")
    assert not sink.exists("/ecs/shop")
    logs.create_log_group(logGroupName="/ecs/shop")
    assert sink.exists("/ecs/shop")
    sink.create("/mine")
    assert sink.exists("/mine")


def test_log_sink_without_a_group(cloud: Cloud) -> None:
    """Lines for a group that is not there are refused in AWS's words."""
    with pytest.raises(AwsFault, match="The specified log group does not exist"):
        LogSink().put("/ecs/gone", "home/1", [(0, "lost")])
