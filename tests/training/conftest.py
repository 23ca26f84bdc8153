"""What several tests of this room need: the analyser, loaded once."""

import pytest

from training.endings import Endings


@pytest.fixture(scope="session")
def endings() -> Endings:
    """Load the analyser of sentence endings."""
    return Endings()
