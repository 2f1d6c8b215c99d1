"""Logs go to stderr, one line an event, with the time in UTC."""

import logging
import sys
import time


def log_to_stderr(level: int = logging.INFO) -> None:
    """Send the program's log lines to stderr; libraries speak from warnings up."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter("%(asctime)sZ %(levelname)s %(threadName)s %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in ("api", "detector", "evidence", "models", "patrol", "rules", "streams"):
        logging.getLogger(name).setLevel(level)
