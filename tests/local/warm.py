"""What has been done in a process that local clouds are forked off: the imports, and what the account has at first."""

import os

os.environ["POWERTOOLS_LOG_LEVEL"] = "WARNING"  # read when the app is imported, which a local cloud does later

import boto3

import app
import localcloud.__main__
import localcloud.platform
from localcloud import account_memory

SERVICES = (
    "application-autoscaling",
    "ec2",
    "ecr",
    "ecs",
    "elbv2",
    "lambda",
    "logs",
    "route53",
    "servicediscovery",
    "ssm",
)
"""Whose models botocore reads, beside those that the account is filled by: the first client of each takes a while."""

account_memory.fill()
account_memory.parse_definitions()
for service in SERVICES:
    boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")  # type: ignore[call-overload]
assert app.app
assert localcloud.__main__.main
assert localcloud.platform.Platform
