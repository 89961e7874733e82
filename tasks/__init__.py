"""Prefect tasks: a retry policy, a log line and an artifact around a call into the library."""

from tasks.plain_logs import keep_logs_plain

keep_logs_plain()  # wherever a task is carried out: in a run's process, or in a Dask worker
