"""The switch that the tests of a running monitor have."""

import pytest
from tests.monitoring.switch import made


@pytest.fixture
def switch(tmp_path):
    """A switch without ports."""
    with made(tmp_path) as one:
        yield one
