"""What several tests of the case service start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a folder of its own."""
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()
