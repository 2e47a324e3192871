"""What the deployer has set: nothing of it is passed over, and no bad value gives way to a default that allows more."""

from difflib import get_close_matches
from math import isnan

from jupyter_server.extension.application import ExtensionApp
from traitlets import TraitError
from traitlets.config import Config

__all__ = ["require_sound", "words_of"]

SECRET_OPTIONS = ("store_url", "sign_in_providers")
LIKE_A_SECTION = 0.7
"""Two names are so much alike (from 0 to 1) that one is taken for a slip in the other."""


def require_sound(extension: ExtensionApp, config: Config) -> None:
    """Make sure that ``config``, which ``extension`` has loaded, says nothing of it that it does not understand.

    Raises
    ------
    TraitError
        An option is none of ours, or stands in a section that looks like ours, or is no number.
    """
    options = extension.traits(config=True)
    section = type(extension).__name__
    for name, value in config.get(section, {}).items():
        if name not in options and not isinstance(value, Config):
            raise TraitError(f"There is no option '{section}.{name}'.{_meant(name, list(options))}")
    own = type(extension).class_own_traits(config=True)
    for other in config.keys() - {section}:
        if get_close_matches(other.lower(), [section.lower(), extension.name.replace("_", "")], 1, LIKE_A_SECTION):
            for name in config[other].keys() & own.keys():
                raise TraitError(f"There is no option '{other}.{name}'. Did you mean '{section}.{name}'?")
    for name in own:
        value = getattr(extension, name)
        if isinstance(value, float) and isnan(value):
            raise TraitError(f"The option '{section}.{name}' must be a number, not {value}.")


def words_of(error: TraitError) -> str:
    """What to say of a bad value, without the value if it may hold a secret."""
    words = str(error)
    return words.partition(", not ")[0] if any(f"'{name}'" in words for name in SECRET_OPTIONS) else words


def _meant(name: str, options: list[str]) -> str:
    likely = get_close_matches(name, options, 1)
    return f" Did you mean '{likely[0]}'?" if likely else " All options are in docs/configure.md."
