"""What all tests share: where test data may lie, and that CI skips nothing for want of a tool."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SHARED = REPOSITORY.parent / "shared"
"""Clips and pictures that may not be published; tests that want them are skipped where they are not."""

_MAY_BE_SKIPPED = ("../shared", "beside the repository", "the training extra", "soak", "empty parameter set")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long proofs run when they are asked for: `make soak`."""
    if os.environ.get("PATROL_SOAK"):
        return
    for item in items:
        if item.get_closest_marker("soak"):
            item.add_marker(pytest.mark.skip(reason="soak: run by `make soak`"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """With PATROL_ALL_TOOLS=1 a test that was skipped for a missing tool fails instead."""
    outcome = yield
    report = outcome.get_result()
    if not os.environ.get("PATROL_ALL_TOOLS") or not report.skipped or hasattr(report, "wasxfail"):
        return
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    if not any(allowed in reason for allowed in _MAY_BE_SKIPPED):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and here nothing may be: {reason}"
