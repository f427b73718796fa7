"""The words of camhub's refusals in the languages of its users. See README.md."""

from camera_registry.language.catalogue import DEFAULT, LANGUAGES, phrasebook, say

__all__ = ["DEFAULT", "LANGUAGES", "phrasebook", "say"]
