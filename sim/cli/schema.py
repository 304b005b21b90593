"""`sim schema`: the scenario language as a JSON Schema, for completion and hover texts in an editor."""

import click


@click.command()
def schema() -> None:
    """Print the JSON Schema of the scenario language.

    Save it, and name it in a scenario's first line for the YAML language server:
    # yaml-language-server: $schema=scenario.schema.json
    """
    import json

    from sim.scenario.document import Document
    from sim.values import SpelledDefaults

    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:tailsim:scenario",
        **Document.model_json_schema(schema_generator=SpelledDefaults),
        "title": "tailsim scenario",
    }
    click.echo(json.dumps(described, indent=2, ensure_ascii=False))
