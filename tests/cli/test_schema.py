"""`sim schema`: the language as a JSON Schema that an editor can use; what it holds is in `tests/bad_input`."""

import json

from click.testing import CliRunner

from sim.cli import main
from sim.scenario.document import Document
from sim.values import SpelledDefaults


def test_it_prints_the_schema_of_the_language_with_its_draft_and_its_names() -> None:
    """An editor takes it as it is."""
    result = CliRunner().invoke(main, ["schema"])
    assert (result.exit_code, result.stderr) == (0, "")
    named = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tailsim:scenario",
        "title": "tailsim scenario",
    }
    assert json.loads(result.stdout) == Document.model_json_schema(schema_generator=SpelledDefaults) | named
