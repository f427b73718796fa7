"""`camhub tls`: certificates for a hub that has no public name."""

from __future__ import annotations

import datetime as dt
import socket
from pathlib import Path

import click

from ioc_api.cli.base import CamhubGroup, settings_options
from ioc_api.cli.terminal import tell
from ioc_api.hosting.certificates import fingerprint_of, make_certificates
from ioc_api.settings import load

_ALWAYS = ("localhost", "127.0.0.1", "::1")


@click.group(cls=CamhubGroup)
def tls() -> None:
    """Make certificates."""


@tls.command()
@settings_options
@click.argument("names", nargs=-1)
@click.option("--dir", "directory", type=click.Path(path_type=Path), help="Default: DATA/tls")
def init(
    config: Path | None, data: Path | None, names: tuple[str, ...], directory: Path | None
) -> None:
    """Make a certificate authority of your own and a certificate for NAMES and addresses.

    Browsers decode live video only on pages that come by https. The names are those that operators
    type; this machine's own name and localhost are always among them.

    \b
    Example:
        camhub tls init wall.example.vn 10.1.2.3
    """
    target = directory or load(config, data=data).data / "tls"
    wanted = (*names, socket.gethostname().lower(), *_ALWAYS)
    files = make_certificates(target, wanted, dt.datetime.now(dt.UTC))
    tell(f"made for {', '.join(dict.fromkeys(wanted))}")
    click.echo()
    tell("Start the hub with it:")
    click.echo(
        f"    camhub up --host 0.0.0.0 --tls-cert {files.certificate} --tls-key {files.key}\n"
    )
    tell(f"Let the operators' machines trust it: bring {files.ca} there, compare its SHA-256")
    click.echo(f"    {fingerprint_of(files.ca)}")
    tell("and add it to the trusted authorities:")
    tell("    Windows, as administrator:  certutil -addstore Root ca.crt")
    click.echo(
        "    Debian:  cp ca.crt /usr/local/share/ca-certificates/camhub.crt"
        " && update-ca-certificates"
    )
    tell("    Chromium on Linux:  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n camhub -i ca.crt")
    tell("    Firefox:  Settings, Privacy & Security, Certificates, Import")
    click.echo()
    tell(f"Keep {files.ca_key} away from others: it can sign for these names, and no others.")
