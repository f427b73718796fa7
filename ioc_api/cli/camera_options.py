"""The fields of a camera as options of the command line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Any, TypeVar

import click

from camera_registry.details import Capabilities, Details, StreamProfile
from camera_registry.model import CameraClass

Command = TypeVar("Command", bound=Any)

_TEXTS = (
    ("address", "Street and number."),
    ("owner", "Agency that owns it."),
    ("purpose", "What it is there for."),
    ("make", "Manufacturer."),
    ("model", "Model."),
    ("firmware", "Version of its firmware."),
    ("serial", "Serial number."),
    ("retention_class", "How long its pictures are kept, by name."),
)
_NUMBERS = (
    ("height_m", "Height above ground, m."),
    ("azimuth_deg", "Direction, degrees clockwise from north."),
    ("fov_deg", "Horizontal angle of view, degrees."),
    ("view_m", "Distance of what it watches, m."),
    ("target_px_m", "Pixel density its purpose asks for, px/m."),
)
_DAYS = (("installed_on", "Day of installation."), ("checked_on", "Day of the last check."))
_CAN = ("ptz", "audio")


def _flag(name: str) -> str:
    return "--" + name.removesuffix("_m").removesuffix("_deg").removesuffix("_px").replace("_", "-")


def detail_options(command: Command) -> Command:
    """Give a command an option for each field; those that are not given are None or empty."""
    options = [
        *(click.option(_flag(name), name, help=words) for name, words in _TEXTS),
        *(click.option(_flag(name), name, type=float, help=words) for name, words in _NUMBERS),
        *(
            click.option(_flag(name), name, type=click.DateTime(["%Y-%m-%d"]), help=words)
            for name, words in _DAYS
        ),
        click.option("--sub-url", help="rtsp:// address of the second stream."),
        click.option("--ptz/--no-ptz", default=None, help="Whether it can be moved."),
        click.option("--audio/--no-audio", default=None, help="Whether it has a microphone."),
        click.option("--onvif-profile", "onvif_profiles", multiple=True, help="S, T, G, M, …"),
        click.option("--onvif-url", help="http:// address of its ONVIF device service."),
        click.option("--sign/--no-sign", "sign_posted", default=None, help="Legal sign posted."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def run_options(command: Command) -> Command:
    """Give a command the options of what a camera is called and how it is run."""
    classes = click.Choice([each.value for each in CameraClass])
    options = [
        click.option("--code", help="Code; without it the naming scheme gives one."),
        click.option("--class", "camera_class", type=classes, help="What it watches."),
        click.option("--transport", type=click.Choice(["tcp", "udp"]), help="For RTSP."),
        click.option("--tag", "tags", multiple=True, help="Tag; repeat for more."),
        click.option("--group", "groups", multiple=True, help="Id of a camera group; repeatable."),
        click.option("--gate", type=click.Choice(["auto", "off"]), help="Activity gate."),
        click.option("--priority", type=int, help="0 gives way first on an overloaded node."),
        click.option("--detector", help="Model for this camera; empty: the node's own."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def run_fields(given: dict[str, Any]) -> dict[str, Any]:
    """Return those fields of ``run_options`` that were given, as values of the core."""
    names = ("code", "transport", "gate", "priority", "detector")
    found = {name: given[name] for name in names if given[name] is not None}
    if given["camera_class"] is not None:
        found["camera_class"] = CameraClass(given["camera_class"])
    return found | {name: given[name] for name in ("tags", "groups") if given[name]}


def detail_fields(given: dict[str, Any], before: Details) -> dict[str, Any]:
    """Return those fields of ``detail_options`` that were given, as values of the core.

    What is only a part of a field is put into what the field was ``before``.
    """
    names = [name for name, _ in (*_TEXTS, *_NUMBERS)] + ["sign_posted"]
    found = {name: given[name] for name in names if given[name] is not None}
    for name, _ in _DAYS:
        if given[name] is not None:
            found[name] = _day(given[name])
    if given["sub_url"] is not None:
        sub = before.sub or StreamProfile()
        found["sub"] = replace(sub, url=given["sub_url"]) if given["sub_url"] else None
    can: dict[str, Any] = {name: given[name] for name in _CAN if given[name] is not None}
    if given["onvif_url"] is not None:
        can["onvif_url"] = given["onvif_url"]
    if given["onvif_profiles"]:
        can["onvif_profiles"] = given["onvif_profiles"]
    if can:
        capabilities: Capabilities = replace(before.capabilities, **can)
        found["capabilities"] = capabilities
    return found


def _day(value: datetime) -> date:
    return value.date()
