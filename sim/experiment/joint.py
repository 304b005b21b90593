"""Several places of a scenario that are varied together: each setting has a name, and a value for each of them.

`big:components.api.instances=8,components.api.workers=2` on the command line, and from Python
`{"big": {"components.api.instances": 8, "components.api.workers": 2}, "as it is": {}}`.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sim.experiment.variation import Setting, Variation, split

PATH: Final = "variant"
"""What tables call the place that is varied."""

_LIKE: Final = "write it like big:components.api.instances=8,components.api.workers=2"


def joint(settings: Mapping[str, Mapping[str, object]]) -> Variation:
    """The variation that takes one setting after the other.

    Args:
        settings: The value by path, by the setting's name; no values for the scenario as it is.

    Raises:
        ValueError: A setting has no name.
    """
    if not all(name.strip() for name in settings):
        raise ValueError(f"a variant needs a name; {_LIKE}")
    return Variation(PATH, tuple(Setting(name.strip(), dict(values)) for name, values in settings.items()))


def parse_joint(texts: Sequence[str]) -> Variation:
    """Reads settings as the command line writes them.

    Args:
        texts: `NAME:PATH=VALUE,PATH=VALUE,…` each, or `NAME` alone for the scenario as it is.

    Raises:
        ValueError: One cannot be understood, or two have the same name.
    """
    settings: dict[str, dict[str, object]] = {}
    for text in texts:
        name, colon, right = (part.strip() for part in text.partition(":"))
        if "=" in name or (colon and not right):
            raise ValueError(f"'{text}' is not a variant; {_LIKE}")
        if name in settings:
            raise ValueError(f"the variant {name} is given twice")
        settings[name] = {}
        for part in split(right) if right else ():
            path, _, value = (each.strip() for each in part.partition("="))
            if not path or not value:
                raise ValueError(f"'{text}' is not a variant: '{part}' is not PATH=VALUE; {_LIKE}")
            if path in settings[name]:
                raise ValueError(f"the variant {name} sets {path} twice")
            settings[name][path] = value
    return joint(settings)
