"""moto in this process, and how it is to behave."""

import logging
import os
from functools import lru_cache

from moto.core import responses
from moto.core.config import DefaultConfig, default_user_config
from moto.core.utils import method_names_from_class
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

from localcloud.interpreter_speed import parse_once
from localcloud.settings import ACCOUNT

METHOD_NAMES = lru_cache(maxsize=None)(method_names_from_class)
BACKEND_FOR_HOST = lru_cache(maxsize=1000)(DomainDispatcherApplication.get_backend_for_host)
EXECUTES: DefaultConfig = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}


def set_up() -> None:
    """Let moto really execute state machines, in the local account."""
    default_user_config.update(EXECUTES)
    os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT
    parse_once()
    _look_up_once()
    # Its interpreter logs an error, with traceback, for each Lambda that raises: here that is an ordinary road.
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL + 1)
    logging.getLogger("werkzeug").setLevel(logging.ERROR)


def _look_up_once() -> None:
    """Let moto find out once which operations a service has, and whose a host is, instead of at each call."""
    setattr(responses, "method_names_from_class", METHOD_NAMES)  # noqa: B010  it is not exported
    setattr(DomainDispatcherApplication, "get_backend_for_host", BACKEND_FOR_HOST)  # noqa: B010  nor is its type known
