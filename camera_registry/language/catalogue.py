"""The catalogue of translations: TOML files beside this module, a folder for each language."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files

from camera_registry.language.phrasebook import Phrasebook

DEFAULT = "en"
"""What the source is written in, and what whoever names no language gets."""
LANGUAGES = (DEFAULT, "vi")


def entries(language: str) -> dict[str, str]:
    """Return every template of a language with its translation.

    Raises ValueError where a template stands in two files.
    """
    found: dict[str, str] = {}
    for each in sorted(files(__package__).joinpath(language).iterdir(), key=lambda one: one.name):
        if not each.name.endswith(".toml"):
            continue
        table = tomllib.loads(each.read_text(encoding="utf-8"))
        twice = found.keys() & table.keys()
        if twice:
            raise ValueError(f"{each.name} has again: {sorted(twice)}")
        found |= {str(template): str(words) for template, words in table.items()}
    return found


@lru_cache(maxsize=len(LANGUAGES))
def phrasebook(language: str) -> Phrasebook:
    """Return the translations of a language, read once."""
    return Phrasebook({} if language == DEFAULT else entries(language))


def say(text: str, language: str) -> str:
    """Return one of our sentences in a language of ``LANGUAGES``; unknown text stays as it is."""
    return text if language == DEFAULT or not text else phrasebook(language).say(text)
