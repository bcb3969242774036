import pytest
from tests.namespaces import needs


@pytest.fixture
def made():
    """Make readers that are closed at the end."""
    needs()
    open_ones = []

    def make(what, *arguments, **options):
        open_ones.append(what(*arguments, **options))
        return open_ones[-1]

    yield make
    for one in open_ones:
        one.close()
