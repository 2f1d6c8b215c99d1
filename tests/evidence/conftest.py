"""A box with a key, and one sealed packet to look at."""

from pathlib import Path

import pytest

from evidence.packet import SealedPacket, seal_packet
from evidence.signing import BoxSigner, load_or_make
from tests.evidence.cases import SEALED_AT, contents, now
from tests.evidence.tools import copied


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> BoxSigner:
    """The box's key, made as at the first sealing."""
    return load_or_make(tmp_path_factory.mktemp("keys"), "Campus 校园", now())


@pytest.fixture(scope="session")
def sealed(tmp_path_factory: pytest.TempPathFactory, signer: BoxSigner) -> SealedPacket:
    """One packet that no test may change: copy it."""
    return seal_packet(tmp_path_factory.mktemp("vault"), contents(), signer, SEALED_AT)


@pytest.fixture
def packet(sealed: SealedPacket, tmp_path: Path) -> Path:
    """A packet to change."""
    return copied(sealed.path, tmp_path)
