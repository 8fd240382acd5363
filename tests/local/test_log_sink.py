"""Lines of tasks on their way to CloudWatch Logs."""

import time
from collections.abc import Iterator

import pytest

from localcloud.log_sink import LogSink, batches
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
    LogSink(logs).put("/ecs/home", "home/1", [(now + 1, "second"), (now, "first")])
    LogSink(logs).put("/ecs/home", "home/1", [(now + 2, ""), (now + 3, "third")])
    events = logs.get_log_events(logGroupName="/ecs/home", logStreamName="home/1", startFromHead=True)["events"]
    assert [one["message"] for one in events] == ["first", "second", "third"]


def test_log_sink_knows_groups(cloud: Cloud) -> None:
    """A log group exists once it is made; a longer name that begins alike is another group."""
    logs = cloud.client("logs")
    sink = LogSink(logs)
    logs.create_log_group(logGroupName="/ecs/shop-2")
    assert not sink.exists("/ecs/shop")
    logs.create_log_group(logGroupName="/ecs/shop")
    assert sink.exists("/ecs/shop")


def test_log_batches() -> None:
    """A batch holds at most 10,000 events and 1 MB, each event counted with 26 bytes more."""
    assert [len(batch) for batch in batches([(0, "x")] * 10_001)] == [10_000, 1]
    assert [len(batch) for batch in batches([(0, "x" * 524_288)] * 2)] == [1, 1]
