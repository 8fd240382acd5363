"""What a step meets on its way: most of it passes, and the state machine tries again by its name."""

from chalicelib.errors.base import SlipwayError


class AwsError(SlipwayError):
    """AWS did not do what was asked. `operation` is ours, `aws_code` and `message` are AWS's own words."""

    def __init__(self, operation: str, aws_code: str, message: str) -> None:
        super().__init__(f"{operation}: {aws_code}: {message}")
        self.operation = operation
        self.aws_code = aws_code
        self.message = message


class Throttled(AwsError):
    """Too many calls: the same call goes through later."""


class TransientAws(AwsError):
    """A fault of AWS's own or of the network, or AWS does not know everywhere yet what it made: ask again."""


class Unsettled(TransientAws):
    """What went before has not come to its end in AWS, or what is to be removed is in use: ask again, and longer."""


class AwsRefused(AwsError):
    """AWS refused for good: the same call would be refused again."""


class GitHubError(SlipwayError):
    """GitHub did not take what it was told."""


class GitHubUnavailable(GitHubError):
    """GitHub cannot be reached, has a fault of its own, or takes no more for now."""


class GitHubRefused(GitHubError):
    """GitHub does not take it from us, in its own words: no such repository, no right, a token that is over."""


class StoreConflict(SlipwayError):
    """Two writers met in the table: the same write goes through later."""


class NewerRelease(SlipwayError):
    """A document of the record has a version that this release does not know; while a release comes, that passes."""


class FailureDecided(SlipwayError):
    """A failure was recorded (a cancel, as a rule) while this deployment was about to succeed: it has to go back."""


class NameUnreached(SlipwayError):
    """A name does not lead to the running tasks alone, or their VPC does not answer it: that may pass yet."""
