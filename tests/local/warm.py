"""What has been done in a process that local clouds are forked off: the imports, and what the account has at first."""

import gc
import os
from importlib import import_module

os.environ["POWERTOOLS_LOG_LEVEL"] = "WARNING"  # read when the app is imported, which a local cloud does later

import boto3

from localcloud import account_memory

MODULES = (
    "app",
    "chalicelib.events",
    "chalicelib.names",
    "chalicelib.notify",
    "chalicelib.questions",
    "chalicelib.steps",
    "localcloud.__main__",
    "localcloud.platform",
)
"""What a local cloud imports, and what Slipway's functions import when they first run in it."""
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

for module in MODULES:
    import_module(module)
account_memory.fill()
account_memory.parse_definitions()
for service in SERVICES:
    boto3.client(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")  # type: ignore[call-overload]
gc.freeze()  # what is here stays: a collection in a fork need not look through it, and pages stay shared
