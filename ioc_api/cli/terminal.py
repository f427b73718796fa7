"""What a person at a terminal reads: our sentences in the language of the locale."""

from __future__ import annotations

import os
from typing import Any

import click

from camera_registry.language import DEFAULT, LANGUAGES, say

_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")


def own_language() -> str:
    """Return the language of this terminal: that of the first locale that is set."""
    locale = next((os.environ[name] for name in _LOCALES if os.environ.get(name)), "")
    language = locale.replace(".", "_").partition("_")[0].lower()
    return language if language in LANGUAGES else DEFAULT


def spoken(text: str) -> str:
    """Return a sentence of ours in the language of this terminal."""
    return say(text, own_language())


def tell(text: str, *, language: str = "", **how: Any) -> None:
    """Print a sentence of ours, in the language of this terminal unless another one is asked for.

    ``how`` is click's. What programs read is printed as it is.
    """
    click.echo(say(text, language or own_language()), **how)


def confirm(question: str) -> None:
    """Ask before something is done; anything but a yes ends the command."""
    click.confirm(spoken(question), abort=True, err=True)
