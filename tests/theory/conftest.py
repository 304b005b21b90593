"""The judge of this folder: simulated figures against theory, by confidence intervals over independent runs."""

import pytest

from tests.theory.protocol import Theory


@pytest.fixture
def theory(record_property):
    """Judges figures, and keeps them with the test for the table in the documentation."""
    return Theory(lambda judgement: record_property("theory", judgement))
