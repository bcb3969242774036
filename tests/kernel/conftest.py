import pytest
from tests.namespaces import needs

from brimful.kernel.drops import Drops


@pytest.fixture
def traced():
    needs()
    counted = Drops()
    yield counted
    counted.close()
