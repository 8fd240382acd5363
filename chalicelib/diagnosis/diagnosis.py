"""From what was seen of a rollout to one cause."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from chalicelib.deployment import Evidence, Failure
from chalicelib.diagnosis.cause import Cause, ServiceClass
from chalicelib.diagnosis.causes import ALARM, UNKNOWN, known
from chalicelib.diagnosis.facts import Facts, StoppedTask, TargetHealth

PROOFS = 5  # of a kind; more of them say nothing else
WHY_UNHEALTHY = re.compile(r"is unhealthy in \(?target-group .*due to \(reason (.*)\)", re.DOTALL)
CANNOT_EXECUTE = "exec format error"


@dataclass(frozen=True)
class Diagnosis:
    """Why a rollout fails: the code of a cause, whose it is to mend, AWS's words, the fix, and what was seen.

    `tasks` says how many of the stopped tasks that explain anything say the same: "3 of 3 tasks". A `hopeless`
    rollout is certain to fail, whatever ECS tries next.
    """

    code: str
    service_class: ServiceClass
    cause: str
    fix: str
    evidence: tuple[Evidence, ...] = ()
    hopeless: bool = False
    tasks: str | None = None

    def failure(self, service: str | None) -> Failure:
        """Return this as the failure of a service's deployment."""
        cause = f"{self.cause} ({self.tasks})" if self.tasks else self.cause
        return Failure(code=self.code, service=service, cause=cause, fix=self.fix, evidence=self.evidence)


def diagnose(facts: Facts) -> Diagnosis | None:
    """Return the one cause that facts prove, None while they prove none.

    The newest stopped task that explains anything counts, one with words that are known before one without; then the
    newest event, a target, an alarm. Only a task that stopped, or an event, makes hopeless: ECS lets the health check
    grace period pass before it stops a task, and a target alone may still boot.
    """
    return _of_tasks(facts) or _of_events(facts) or _of_targets(facts) or _of_alarms(facts)


def hopeless_since(facts: Facts) -> datetime | None:
    """Return when the first task stopped that proves a rollout hopeless, as ECS dates it; None where none does."""
    proofs = [task.stopped_at for task in facts.stopped_tasks if (cause := _cause_of(task, facts)) and cause.hopeless]
    return min(filter(None, proofs), default=None)


def explains(words: str) -> bool:
    """Tell whether AWS's words may say why: all do but those that are known to be a symptom, or no news."""
    cause = known(words)
    return bool(words) and (cause is None or cause.explains)


def says(words: str, code: str) -> bool:
    """Tell whether AWS's words prove the cause of this code."""
    cause = known(words)
    return cause is not None and cause.code == code


def observed(facts: Facts) -> tuple[Evidence, ...]:
    """Return what was seen as evidence, the newest of each kind first; the log is whole and in its own order."""
    return (*_tasks(facts), *_events(facts), *_targets(facts), *_alarms(facts), *_lines(facts))


def _tasks(facts: Facts) -> Iterator[Evidence]:
    for task in facts.stopped_tasks[:PROOFS]:
        yield Evidence(kind="stopped_task", message=task.cause, at=task.stopped_at, resource=task.arn)


def _events(facts: Facts) -> Iterator[Evidence]:
    for event in [each for each in facts.events if known(each.message)][:PROOFS]:
        yield Evidence(kind="event", message=event.message, at=event.at)


def _targets(facts: Facts) -> Iterator[Evidence]:
    for target in [each for each in facts.targets if each.description][:PROOFS]:
        yield Evidence(kind="target_health", message=f"{target.state}: {_target_words(target)}", resource=target.target)


def _alarms(facts: Facts) -> Iterator[Evidence]:
    for alarm in facts.alarms[:PROOFS]:
        yield Evidence(kind="alarm", message=f"the alarm {alarm} went off", resource=alarm)


def _lines(facts: Facts) -> Iterator[Evidence]:
    for line in facts.log:
        yield Evidence(kind="log", message=line.message, at=line.at, resource=facts.log_of)


def _of_tasks(facts: Facts) -> Diagnosis | None:
    causes = [(task, _cause_of(task, facts)) for task in facts.stopped_tasks]
    candidates = [(task, cause) for task, cause in causes if cause is not None and cause.explains]
    if not candidates:
        return None
    task, cause = next((each for each in candidates if each[1] is not UNKNOWN), candidates[0])
    same = sum(each is cause for _, each in candidates)
    tasks = f"{same} of {len(candidates)} tasks" if len(candidates) > 1 else None
    return _diagnosis(cause, _verbatim(task, facts), facts, hopeless=cause.hopeless, tasks=tasks)


def _of_events(facts: Facts) -> Diagnosis | None:
    found = _first([event.message for event in facts.events])
    return _diagnosis(found[1], found[0], facts, hopeless=found[1].hopeless) if found else None


def _of_targets(facts: Facts) -> Diagnosis | None:
    found = _first([_target_words(target) for target in facts.targets])
    return _diagnosis(found[1], found[0], facts) if found else None


def _first(said: Sequence[str]) -> tuple[str, Cause] | None:
    """Return the first words whose cause is known and explains, with it."""
    causes = ((words, known(words)) for words in said)
    return next(((words, cause) for words, cause in causes if cause is not None and cause.explains), None)


def _of_alarms(facts: Facts) -> Diagnosis | None:
    if not facts.alarms:
        return None
    return _diagnosis(ALARM, f"CloudWatch alarms in ALARM: {', '.join(facts.alarms)}", facts)


def _diagnosis(
    cause: Cause, words: str, facts: Facts, *, hopeless: bool = False, tasks: str | None = None
) -> Diagnosis:
    return Diagnosis(cause.code, cause.service_class, words, cause.fix, observed(facts), hopeless, tasks)


def _cause_of(task: StoppedTask, facts: Facts) -> Cause | None:
    """Return the cause that a stopped task proves, UNKNOWN where nobody knows its words, None where it has none."""
    reasons = [each.reason for each in task.containers if each.reason]
    code = [] if task.exit_code is None else [f"exit code {task.exit_code}"]
    words = [task.stop_code, task.reason, task.container_reason, *reasons, *_refused_by_the_kernel(task, facts), *code]
    text = "\n".join([*filter(None, words), *_why_unhealthy(task, facts)])
    return known(text) or (UNKNOWN if task.cause else None)


def _verbatim(task: StoppedTask, facts: Facts) -> str:
    return "; ".join([task.cause, *_why_unhealthy(task, facts)])


def _why_unhealthy(task: StoppedTask, facts: Facts) -> list[str]:
    """Return what the load balancer says of targets, for a task that it failed."""
    if not task.failed_by_load_balancer:
        return []
    events = (found[1] for each in facts.events if (found := WHY_UNHEALTHY.search(each.message)))
    targets = (each.description for each in facts.targets if each.state == "unhealthy")
    newest = next((words for words in (*events, *targets) if words), None)
    return [newest] if newest else []


def _refused_by_the_kernel(task: StoppedTask, facts: Facts) -> list[str]:
    """Return the one line of a log that says why a program never began; the task itself shows its exit code only."""
    lines = (each.message.strip() for each in facts.log if facts.log_of == task.arn)
    return [line for line in lines if line.endswith(CANNOT_EXECUTE)]


def _target_words(target: TargetHealth) -> str:
    return ": ".join(filter(None, (target.reason, target.description)))
