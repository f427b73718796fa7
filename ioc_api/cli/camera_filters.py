"""Which cameras a command means: the filters that `cameras list` and `cameras bulk` share."""

from __future__ import annotations

from typing import Any, TypeVar

import click

from camera_registry.model import CameraClass
from camera_registry.records import CameraFilter

Command = TypeVar("Command", bound=Any)

_CLASSES = [each.value for each in CameraClass]


def filter_options(command: Command) -> Command:
    """Give a command the options that choose cameras; all that are given must fit."""
    options = [
        click.option("--unit", "units", multiple=True, help="Code of a unit; repeat for more."),
        click.option("--text", default="", help="Words, with or without marks."),
        click.option("--tag", default="", help="With this tag."),
        click.option("--group", default="", help="In the group with this id."),
        click.option(
            "--class",
            "classes",
            multiple=True,
            type=click.Choice(_CLASSES),
            help="What it watches; repeat for more.",
        ),
        click.option("--state", type=click.Choice(["on", "off"]), help="In use or not."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def filter_of(given: dict[str, Any]) -> CameraFilter:
    """Return the filter that the options of ``filter_options`` say."""
    state = given["state"]
    return CameraFilter(
        units=given["units"],
        text=given["text"],
        tag=given["tag"],
        group=given["group"],
        classes=tuple(CameraClass(each) for each in given["classes"]),
        enabled=None if state is None else state == "on",
    )
