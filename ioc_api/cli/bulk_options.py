"""The change of a bulk edit as options of the command line."""

from __future__ import annotations

from typing import Any, TypeVar

import click

from camera_registry.edits.change import BulkChange
from camera_registry.model import CameraClass

Command = TypeVar("Command", bound=Any)

_TEXTS = (
    ("owner", "Agency that owns them."),
    ("purpose", "What they are there for."),
    ("make", "Manufacturer."),
    ("model", "Model."),
    ("firmware", "Version of their firmware."),
    ("retention_class", "How long their pictures are kept, by name."),
    ("detector", "Model that looks at them; empty: the node's own."),
)
_NUMBERS = (
    ("height_m", "Height above ground, m."),
    ("fov_deg", "Horizontal angle of view, degrees."),
    ("view_m", "Distance of what they watch, m."),
    ("target_px_m", "Pixel density their purpose asks for, px/m."),
)
_DAYS = (("installed_on", "Day of installation."), ("checked_on", "Day of the last check."))
_SIGN = "sign_posted"


def _word(name: str) -> str:
    name = name.removesuffix("_posted").removesuffix("_m").removesuffix("_deg").removesuffix("_px")
    return name.replace("_", "-")


_CLEARED = {_word(name): name for name, _ in (*_NUMBERS, *_DAYS)} | {_word(_SIGN): _SIGN}
"""What may be unknown of a camera, and is then empty."""


def change_options(command: Command) -> Command:
    """Give a command an option for each field that many cameras can be given at once."""
    options = [
        click.option("--set-unit", "unit_code", help="Code of the unit they are in."),
        click.option(
            "--set-class",
            "camera_class",
            type=click.Choice([each.value for each in CameraClass]),
            help="What they watch.",
        ),
        click.option("--enable/--disable", "enabled", default=None, help="Run them or not."),
        click.option("--set-transport", "transport", type=click.Choice(["tcp", "udp"])),
        click.option("--set-gate", "gate", type=click.Choice(["auto", "off"])),
        click.option("--set-priority", "priority", type=int, help="0 gives way first."),
        *(click.option(f"--set-{_word(name)}", name, help=words) for name, words in _TEXTS),
        *(
            click.option(f"--set-{_word(name)}", name, type=float, help=words)
            for name, words in _NUMBERS
        ),
        *(
            click.option(
                f"--set-{_word(name)}", name, type=click.DateTime(["%Y-%m-%d"]), help=words
            )
            for name, words in _DAYS
        ),
        click.option(
            "--set-sign",
            _SIGN,
            type=click.Choice(["yes", "no"]),
            help="Legal sign posted.",
        ),
        click.option(
            "--clear",
            "cleared",
            multiple=True,
            type=click.Choice(sorted(_CLEARED)),
            help="Make a field unknown; repeat for more.",
        ),
        click.option("--add-tag", "add_tags", multiple=True, help="Repeat for more."),
        click.option("--remove-tag", "remove_tags", multiple=True, help="Repeat for more."),
        click.option("--add-group", "add_groups", multiple=True, help="Id; repeat for more."),
        click.option("--remove-group", "remove_groups", multiple=True, help="Id; repeatable."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def change_of(given: dict[str, Any]) -> BulkChange:
    """Return the change that the options of ``change_options`` say, which may be empty."""
    plain = ["unit_code", "enabled", "transport", "gate", "priority"]
    plain += [name for name, _ in (*_TEXTS, *_NUMBERS)]
    found: dict[str, Any] = {name: given[name] for name in plain if given[name] is not None}
    found |= {name: given[name].date() for name, _ in _DAYS if given[name] is not None}
    if given["camera_class"] is not None:
        found["camera_class"] = CameraClass(given["camera_class"])
    if given[_SIGN] is not None:
        found[_SIGN] = given[_SIGN] == "yes"
    for word in given["cleared"]:
        if _CLEARED[word] in found:
            raise click.UsageError(f"--set-{word} and --clear {word} say different things")
        found[_CLEARED[word]] = None
    for name in ("add_tags", "remove_tags", "add_groups", "remove_groups"):
        found[name] = tuple(given[name])
    return BulkChange(**found)
