"""What the API asks of the function `observe`, beside the states: it may not look at AWS itself."""

from chalicelib import dry_run, live, task_logs

ASKED = {dry_run.STATE: dry_run.run, live.STATE: live.run, task_logs.STATE: task_logs.run}
"""By what stands in the place of a state; (cloud, event) → what the API hears."""
