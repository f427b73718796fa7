"""`camhub discover`: look for cameras from this machine, without a hub."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from camera_registry.base.clock import SystemClock
from camera_registry.base.errors import InvalidError
from camera_registry.discovery import DiscoveryRequest, FoundDevice, sweepable
from camera_registry.urls import UrlPolicy
from ingest.onvif.interfaces import interfaces
from ingest.onvif.multicast import MulticastSearch
from ingest.onvif.sweep import Sweep
from ioc_api.cli.base import run_tool, settings_options
from ioc_api.cli.terminal import tell
from ioc_api.settings import load


@click.command()
@settings_options
@click.option(
    "--interface",
    "chosen",
    multiple=True,
    help="Interface to ask on by WS-Discovery, by name or address; repeat for more.  "
    "[default: all, unless a network is given]",
)
@click.option("--network", default="", help="Range to go through one by one, as 10.1.2.0/24.")
@click.option("--rate", type=click.FloatRange(1, 200), default=40.0, show_default=True)
@click.option("--wait", type=click.FloatRange(1, 15), default=4.0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON lines.")
def discover(
    config: Path | None,
    data: Path | None,
    chosen: tuple[str, ...],
    network: str,
    rate: float,
    wait: float,
    as_json: bool,
) -> None:
    """Look for ONVIF devices and RTSP servers; Ctrl-C ends it.

    \b
    Examples:
        camhub discover
        camhub discover --interface eth1 --json
        camhub discover --network 10.1.2.0/24 --rate 20
    """
    given = load(config, data=data)
    policy = UrlPolicy.parse(given.camera_networks, loopback=given.loopback)
    addresses = _addresses(chosen, every=not network)
    request = DiscoveryRequest(addresses, wait, network, rate=rate)
    run_tool(_discover(request, policy, as_json), given)


def _addresses(chosen: tuple[str, ...], *, every: bool) -> tuple[str, ...]:
    mine = interfaces()
    if not chosen:
        return tuple(each.address for each in mine) if every else ()
    found = [each.address for each in mine if {each.name, each.address} & {*chosen}]
    if not found:
        names = ", ".join(f"{each.name} ({each.address})" for each in mine)
        raise InvalidError("--interface: this machine has none of these", hint=f"it has {names}")
    return tuple(found)


async def _discover(request: DiscoveryRequest, policy: UrlPolicy, as_json: bool) -> None:
    shown: set[str] = set()

    def show(device: FoundDevice) -> None:
        if device.address in shown:
            return
        shown.add(device.address)
        if as_json:
            click.echo(msgspec.json.encode(device).decode())
        else:
            words = (device.onvif_url or device.rtsp_url, device.name, device.hardware)
            click.echo("  ".join((device.address, *(word for word in words if word))))

    if request.interfaces:
        search = MulticastSearch(policy)

        def heard() -> None:
            for device in search.heard.devices.values():
                show(device)

        await search.run(request.interfaces, request.wait_s, heard)
    if request.network:
        network = sweepable(request.network, policy)
        sweep = Sweep(request, policy, SystemClock())

        def swept() -> None:
            for device in sweep.swept.devices:
                show(device)

        await sweep.run(network, swept)
    tell(f"{len(shown)} found", err=True)
