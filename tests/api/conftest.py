"""What several tests of the case service start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.store import Store
from tests.api.packets import Sealed, seal
from tests.api.serving import Service, service


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store in a folder of its own."""
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Service]:
    """An empty service whose pages are open to this machine."""
    with service(tmp_path) as running:
        yield running


@pytest.fixture(scope="session")
def sealed_packets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Sealed, ...]:
    """Six sealed packets of six incidents; tests must not change them."""
    folder = tmp_path_factory.mktemp("box")
    return tuple(seal(folder, number) for number in range(1, 7))


@pytest.fixture
def sealed(sealed_packets: tuple[Sealed, ...]) -> Sealed:
    """One sealed packet."""
    return sealed_packets[0]
