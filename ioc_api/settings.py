"""The one reader of configuration: defaults, then a TOML file, then CAMHUB_* variables, then flags.

Only the composition root reads it; every other module is handed the few values that it needs.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from camera_registry.base.errors import ConfigError
from ioc_api.basemap import Basemap
from ioc_api.oidc_settings import OidcProvider, for_environment


class Settings(BaseSettings):
    """Every setting, with its default. Secrets are SecretStr and never print themselves."""

    model_config = SettingsConfigDict(env_prefix="CAMHUB_", extra="forbid", frozen=True)

    data: Path = Field(Path(".var/data"), description="Directory for everything that is kept")
    host: str = Field("127.0.0.1", description="Address that the role listens on")
    port: int = Field(
        8080, ge=0, le=65535, description="Port of the role; 0 lets the kernel choose"
    )
    ops_port: int = Field(0, ge=0, le=65535, description="Port of a worker's metrics and health")
    nats_url: SecretStr = Field(
        SecretStr(""), description="nats://token@host:port; empty: embedded"
    )
    nats_replicas: int = Field(1, ge=1, le=5, description="Copies of each stream in a NATS cluster")
    database_url: SecretStr = Field(
        SecretStr(""), description="SQLAlchemy URL; empty: SQLite in the data directory"
    )
    blobs: str = Field(
        "", description="Directory or s3://bucket/prefix; empty: in the data directory"
    )
    vault_key: SecretStr = Field(
        SecretStr(""),
        description="Master key in base64, older ones after it with commas between; empty: the "
        "file vault.key in data",
    )
    workers: int = Field(0, ge=0, le=256, description="Workers of `camhub up`; 0: one per core")
    worker_name: str = Field("", description="Name of this worker; empty: host name")
    worker_capacity: int = Field(200, ge=1, le=5000, description="Most cameras one worker takes")
    worker_threads: int = Field(
        0, ge=0, le=64, description="Analysis threads of a worker; 0: one per core it may run on"
    )
    worker_jobs: int = Field(
        100, ge=1, le=512, description="Most probes and searches that a worker does at once"
    )
    analysis_fps: float = Field(5.0, gt=0, le=30, description="Pictures a second that are analysed")
    gate_heartbeat_s: float = Field(
        0.0,
        ge=0,
        le=60,
        description="Longest time between two looks at an empty scene while the gate sleeps, where "
        "nothing has moved for a minute; 0: every keyframe is looked at",
    )
    detector: str = Field(
        "moving-object",
        description="Model that cameras are analysed with; see `camhub models list`",
    )
    detector_providers: Annotated[tuple[str, ...], NoDecode] = Field(
        ("cpu",), description="Engines to run models on, best first: cpu, cuda, openvino, …"
    )
    detector_limit_ms: float = Field(
        200.0, gt=0, description="A model that takes longer for a picture is refused"
    )
    model_mirror: str = Field(
        "",
        description="https://host/path that models of the catalogue are fetched from, as "
        "NAME.onnx; empty: from their makers",
    )
    detector_threads: int = Field(
        1, ge=1, le=64, description="Threads of a model's session; the analysis threads come first"
    )
    detector_batch: int = Field(
        0,
        ge=0,
        le=64,
        description="Most pictures of several cameras through a model at once; 1: none; 0: by "
        "engine, none on cpu, 8 on cuda and tensorrt, 4 on openvino",
    )
    detector_batch_wait_ms: float = Field(
        5.0, ge=0, le=1000, description="How long a picture waits for others of its batch"
    )
    ring_seconds: float = Field(10.0, gt=0, le=600, description="Compressed pre-roll per camera")
    ring_bytes: int = Field(16 * 2**20, ge=2**20, description="Most bytes of pre-roll per camera")
    stalled_after_s: float = Field(5.0, gt=0, description="No video packet for so long: stalled")
    frozen_after_s: float = Field(10.0, gt=0, description="The same picture for so long: frozen")
    spool_bytes: int = Field(2**30, ge=2**20, description="Most bytes of unsent events on disk")
    counts_minute_days: int = Field(
        31, ge=0, le=36_500, description="Days that counts are kept by the minute; 0: for ever"
    )
    counts_hour_days: int = Field(
        400, ge=0, le=36_500, description="Days that counts are kept by the hour; 0: for ever"
    )
    counts_day_days: int = Field(
        0, ge=0, le=36_500, description="Days that counts are kept by the day; 0: for ever"
    )
    alarm_after_s: float = Field(
        60.0, ge=5, le=86_400, description="A camera without fresh pictures for so long is told"
    )
    health_days: int = Field(
        400, ge=1, le=3660, description="How long the history of states is kept"
    )
    camera_versions_days: int = Field(
        0, ge=0, le=36_500, description="How long changes to cameras are kept; 0: for ever"
    )
    quality_days: int = Field(
        400, ge=1, le=3660, description="How long the quality scores of cameras are kept"
    )
    quality_standard: str = Field(
        "", description="TOML file with the own standard of quality; empty: the one shipped"
    )
    quality_probe_days: int = Field(
        7, ge=0, le=365, description="Cameras are probed again at night after so long; 0: never"
    )
    camera_networks: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Networks that cameras may be in; empty: all but loopback, link-local, "
        "multicast",
    )
    camera_loopback: bool | None = Field(
        None,
        description="Whether cameras may be on this machine; unset: while the hub listens on "
        "loopback only",
    )
    weak_credentials: str = Field(
        "",
        description="CSV file (username,password) with weak pairs besides those that are shipped",
    )
    camera_code_scheme: str = Field(
        "{unit}-{class}-{number:04}", description="How cameras without a code are named"
    )
    allowed_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Further origins of the wall, as https://host[:port]"
    )
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Networks of proxies whose X-Forwarded-For and -Proto are believed"
    )
    tls_cert: str = Field("", description="PEM file with the own certificate; empty: plain http")
    tls_key: str = Field("", description="PEM file with the key of the certificate")
    map_tiles: str = Field(
        "",
        description="What the map is drawn over: a .pmtiles file, its https address, or an https "
        "address with {z}, {x} and {y} (.mvt or .pbf: vector tiles); empty: nothing",
    )
    map_attribution: str = Field(
        "", max_length=200, description="Whose tiles they are, shown on the map"
    )
    session_hours: float = Field(12.0, gt=0, le=720, description="Longest life of a sign-in")
    session_idle_hours: float = Field(
        2.0, gt=0, le=720, description="A sign-in unused so long ends"
    )
    oidc: tuple[OidcProvider, ...] = Field(
        (), description="OpenID providers to sign in at, as [[oidc]] tables; see ioc_api/README.md"
    )
    totp_for_administrators: bool = Field(
        False, description="Whether administrators need a second step to do anything"
    )
    time_zone: str = Field("Asia/Ho_Chi_Minh", description="Zone of the times on the wall")
    language: Literal["vi", "en"] = Field("vi", description="Language before a user has chosen")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least level"
    )
    log_format: Literal["console", "json"] = Field("json", description="How logs are written")

    @field_validator(
        "camera_networks",
        "allowed_origins",
        "trusted_proxies",
        "detector_providers",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("camera_networks", "trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network)
        return value

    @field_validator("map_tiles")
    @classmethod
    def _tiles(cls, value: str) -> str:
        Basemap.parse(value)
        return value

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is no IANA time zone") from error
        return value

    @property
    def database(self) -> str:
        """SQLAlchemy URL; may hold a password."""
        given = self.database_url.get_secret_value()
        return given or f"sqlite+aiosqlite:///{(self.data / 'camhub.db').resolve()}"

    @property
    def blob_location(self) -> str:
        """Where blobs live."""
        return self.blobs or str((self.data / "blobs").resolve())

    @property
    def loopback(self) -> bool:
        """Whether cameras may be on this machine."""
        if self.camera_loopback is None:
            return self.host in {"127.0.0.1", "::1", "localhost"}
        return self.camera_loopback

    def for_child(self) -> dict[str, str]:
        """Return the environment that gives a child process exactly these settings."""
        result = {}
        for name, value in self:
            if name == "oidc":
                text = for_environment(self.oidc)
            elif isinstance(value, SecretStr):
                text = value.get_secret_value()
            elif isinstance(value, tuple):
                text = ",".join(value)
            elif value is None:
                continue
            else:
                text = str(value)
            result[f"CAMHUB_{name.upper()}"] = text
        return result

    def shown(self) -> dict[str, str]:
        """Return every setting as text with secrets hidden."""
        return {
            name: ",".join(each.id for each in self.oidc)
            if name == "oidc"
            else ("********" if value.get_secret_value() else "")
            if isinstance(value, SecretStr)
            else ",".join(value)
            if isinstance(value, tuple)
            else str(value if value is not None else "")
            for name, value in self
        }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Flags are the initial values; the TOML file comes last and is put in by ``load``."""
        return (init_settings, env_settings)


def load(config: Path | None = None, **flags: Any) -> Settings:
    """Read the settings. ``flags`` that are None were not given.

    Raises ConfigError with one line for a file that is missing, broken or has an unknown or wrong
    setting; the line names the setting and never its value.
    """
    chosen = config or (Path(env) if (env := os.environ.get("CAMHUB_CONFIG")) else None)
    values = _read(chosen) if chosen else {}
    values = {name: value for name, value in values.items() if _variable(name) not in os.environ}
    values.update({name: value for name, value in flags.items() if value is not None})
    try:
        return Settings(**values)
    except SettingsError as error:  # a list or table in a variable that is no JSON
        found = re.search(r'field "(\w+)"', str(error))
        name = found[1] if found else "settings"
        raise ConfigError(
            f"setting '{name}' ({_variable(name)}) is no valid JSON",
            hint="see 'camhub config show' for every setting",
            code="setting_invalid",
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"]) or "settings"
        where = f"in {chosen}" if chosen and name in values else f"({_variable(name)} or a flag)"
        raise ConfigError(
            f"setting '{name}' {where}: {first['msg']}",
            hint="see 'camhub config show' for every setting",
            code="setting_invalid",
        ) from None


def _variable(name: str) -> str:
    return f"CAMHUB_{name.upper()}"


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise ConfigError(
            f"the settings file {path} cannot be read: {error.strerror}",
            hint="give another with --config",
            code="settings_unreadable",
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the settings file {path} is no valid TOML: {error}",
            hint="mend that line",
            code="settings_broken",
        ) from None
