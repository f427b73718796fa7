"""The command `camhub` and its roles."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from pathlib import Path

import click

from ioc_api.cli.base import CamhubGroup, run_role, settings_options
from ioc_api.cli.terminal import tell
from ioc_api.hosting import logs
from ioc_api.settings import Settings, load

_HOST = click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
_PORT = click.option("--port", type=int, help="Port to listen on; 0 lets the kernel choose.")


_LATER_NAMES = (
    "cameras",
    "clip",
    "credentials",
    "discover",
    "imports",
    "models",
    "passwords",
    "probe",
    "rules",
    "simulate",
    "tls",
    "tokens",
    "units",
    "users",
    "vault",
)
_LATER = {name: f"ioc_api.cli.{name}" for name in _LATER_NAMES}


@click.group(
    cls=CamhubGroup, later=_LATER, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(version("camhub"), prog_name="camhub")
def main() -> None:
    """camhub joins the surveillance cameras of a city to its operations centre.

    \b
    Everything on one machine, with 12 simulated cameras:
        camhub up --demo 12
    Register a camera (the password is asked for, not typed into the command line):
        camhub cameras add --name "Ngã tư Hàng Xanh" --unit 26929 \\
            --url rtsp://10.1.2.3/stream1 --username viewer
    A token for a script:
        camhub tokens create --name dashboard --role operator

    Every setting can come from a TOML file (--config), from CAMHUB_* variables or from flags;
    `camhub config show` prints them all.
    """


@main.command()
@settings_options
@_HOST
@_PORT
@click.option("--demo", type=click.IntRange(0, 64), default=0, help="Simulated cameras to add.")
@click.option("--workers", type=int, help="Worker processes.  [default: one per core]")
@click.option("--tls-cert", help="PEM file with the certificate; serves https.")
@click.option("--tls-key", help="PEM file with the certificate's key.")
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path),
    help="Write JSON (url, setup_link, roles with pids) here once everything answers.",
)
def up(
    config: Path | None,
    data: Path | None,
    host: str | None,
    port: int | None,
    demo: int,
    workers: int | None,
    tls_cert: str | None,
    tls_key: str | None,
    ready_file: Path | None,
) -> None:
    """Run everything on this machine: message bus, database, api, gateway, workers.

    \b
    Examples:
        camhub up
        camhub up --demo 12 --data /srv/camhub --port 8080
        camhub up --port 0 --ready-file /tmp/ready.json
        camhub up --host 0.0.0.0 --tls-cert tls/server.crt --tls-key tls/server.key
    """
    from ioc_api.compose.up import UpOptions, run_up

    flags = {"host": host, "port": port, "workers": workers}
    given = load(config, data=data, tls_cert=tls_cert, tls_key=tls_key, **flags)
    logs.configure("warning" if given.log_level == "info" else given.log_level, "console", "up")
    asyncio.run(run_up(given, UpOptions(demo, ready_file, tell)))


@main.command()
@settings_options
@_HOST
@_PORT
def api(config: Path | None, data: Path | None, host: str | None, port: int | None) -> None:
    """Run the api alone: registry, events, accounts, the wall's files.

    \b
    Needs CAMHUB_NATS_URL; CAMHUB_DATABASE_URL unless SQLite in the data directory serves.
    Example:
        CAMHUB_NATS_URL=nats://token@10.0.0.5:4222 camhub api --host 0.0.0.0 --port 8080
    """
    from ioc_api.compose.api import run_api

    run_role("api", run_api, load(config, data=data, host=host, port=port))


@main.command()
@settings_options
@_HOST
@_PORT
def gateway(config: Path | None, data: Path | None, host: str | None, port: int | None) -> None:
    """Run a gateway alone: live video to browsers under /live.

    \b
    Needs CAMHUB_NATS_URL and the api's database.
    Example:
        CAMHUB_NATS_URL=nats://token@10.0.0.5:4222 camhub gateway --port 8081
    """
    from ioc_api.compose.gateway import run_gateway

    run_role("gateway", run_gateway, load(config, data=data, host=host, port=port))


@main.command()
@settings_options
@click.option("--name", "worker_name", help="Name of this worker.  [default: host name and pid]")
@click.option("--host", help="Address of the metrics port.  [default: 127.0.0.1]")
@click.option("--ops-port", type=int, help="Port of metrics and health; 0 takes a free one.")
def worker(
    config: Path | None,
    data: Path | None,
    worker_name: str | None,
    host: str | None,
    ops_port: int | None,
) -> None:
    """Run a worker alone: pulls cameras, keeps the ring, looks for events.

    \b
    Needs CAMHUB_NATS_URL and the vault key of the api (CAMHUB_VAULT_KEY or vault.key in --data).
    Example:
        CAMHUB_NATS_URL=nats://token@10.0.0.5:4222 camhub worker --name rack1-a --ops-port 9101
    """
    from ioc_api.compose.worker import run_worker

    flags = {"data": data, "worker_name": worker_name, "host": host, "ops_port": ops_port}
    run_role("worker", run_worker, load(config, **flags))


@main.group(name="config", cls=CamhubGroup)
def config_group() -> None:
    """Look at the settings."""


@config_group.command(name="show")
@settings_options
def config_show(config: Path | None, data: Path | None) -> None:
    """Print every setting with its value; secrets are hidden.

    \b
    Example:
        camhub config show --config /etc/camhub.toml
    """
    given = load(config, data=data)
    width = max(len(name) for name in Settings.model_fields)
    for name, value in given.shown().items():
        described = Settings.model_fields[name].description or ""
        click.echo(f"{name:<{width}} = {value or '-':<24} # {described}")
