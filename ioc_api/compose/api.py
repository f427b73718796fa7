"""Puts an api together: registry, accounts, events, push, and the wall's files."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from zoneinfo import ZoneInfo

from fastapi import FastAPI

from camera_registry import subjects
from camera_registry.adapters.blobs import BlobStore
from camera_registry.adapters.health_sql import SqlHealthStore
from camera_registry.adapters.health_watch_sql import SqlHealthWatch
from camera_registry.adapters.likely_cameras_sql import SqlLikelyCameras
from camera_registry.adapters.told_outages_sql import SqlToldOutages
from camera_registry.adapters.versions_sql import SqlVersionArchive
from camera_registry.adapters.windows_sql import SqlWindowStore
from camera_registry.base.clock import Clock, SystemClock
from camera_registry.jobs import JobDesk
from camera_registry.urls import UrlPolicy
from ioc_api.adapters.counts_sql import SqlCountStore
from ioc_api.adapters.events_sql import SqlEventStore
from ioc_api.app import create_app
from ioc_api.basemap import Basemap
from ioc_api.compose.bus import connected_bus
from ioc_api.compose.common import open_vault, run_until, stop_requested
from ioc_api.compose.database import opened_database
from ioc_api.compose.dry_runs import make_dry_runs
from ioc_api.compose.edits import edits_of
from ioc_api.compose.http import serve
from ioc_api.compose.imports import imports_of
from ioc_api.compose.model_desk import make_models
from ioc_api.compose.models import model_keeper
from ioc_api.compose.passwords import make_password_runner
from ioc_api.compose.quality import make_quality
from ioc_api.compose.services import make_services
from ioc_api.events.count_keeper import CountKeeper, CountRetention
from ioc_api.events.count_recorder import CountRecorder
from ioc_api.events.push import PushHub
from ioc_api.events.recorder import Recorder
from ioc_api.health.alarms import CameraAlarms
from ioc_api.health.gaps import GapKeeper
from ioc_api.health.maintenance import Maintenance
from ioc_api.health.recorder import HealthRecorder
from ioc_api.models.bus import MAX_FILES_BYTES, ModelMirror
from ioc_api.ptz_bus import BusPtz
from ioc_api.routes.deps import ApiDeps, PublicConfig
from ioc_api.settings import Settings
from ioc_api.state_cache import StateCache
from ioc_api.stills import BusStills
from ioc_api.version_keeper import VersionKeeper
from wall_ui import assets

_RECONCILE_S = 10.0
"""How long a change from the command line, which has no bus, may take to reach the workers."""


def _count_keeper(settings: Settings, counts: SqlCountStore, clock: Clock) -> CountKeeper:
    kept = CountRetention(
        settings.counts_minute_days, settings.counts_hour_days, settings.counts_day_days
    )
    return CountKeeper(counts, kept, ZoneInfo(settings.time_zone), clock)


async def _serve(app: FastAPI, settings: Settings, stop: asyncio.Event, push: PushHub) -> None:
    """Serve; at the end let the event streams go first, for which the server would wait."""
    ended = asyncio.Event()

    async def end() -> None:
        await stop.wait()
        await push.stop()
        ended.set()

    ender = asyncio.create_task(end())
    try:
        await serve(app, settings, ended)
    finally:
        ender.cancel()


async def run_api(settings: Settings) -> None:
    """Serve the API and the wall, record events, keep bus and registry alike; until SIGTERM."""
    clock = SystemClock()
    stop = stop_requested()
    async with (
        connected_bus(settings, "api") as bus,
        opened_database(settings, migrate=True) as database,
    ):
        services = make_services(settings, database, clock, bus)
        events = SqlEventStore(database)
        counts = SqlCountStore(database)
        blobs = BlobStore.open(settings.blob_location)
        keeper = model_keeper(settings, database)
        files = bus.objects(subjects.MODEL_FILES, MAX_FILES_BYTES)
        mirror = ModelMirror(keeper, bus, files, clock)
        models = make_models(settings, keeper, bus, open_vault(settings), clock, mirror.ask)
        states = StateCache(bus, clock)
        dry_runs = make_dry_runs(settings, keeper, bus, clock)
        recorder = Recorder(bus, events, blobs, services.units, clock)
        health = SqlHealthStore(database)
        maintenance = Maintenance(
            SqlWindowStore(database), services.registry, services.groups, services.units, clock
        )
        push = PushHub(
            bus, events, services.registry, states, services.authenticator, maintenance, clock
        )
        imports = imports_of(settings, services, database, blobs, clock)
        edits = edits_of(settings, services, database, clock)
        jobs = JobDesk(bus, open_vault(settings), clock)
        quality = make_quality(
            settings,
            database,
            bus,
            services.registry,
            services.areas,
            services.units,
            health,
            states,
            jobs,
            clock,
        )

        async def reconcile_again() -> None:
            services.registry.ask_reconcile(whole=True)
            mirror.ask()

        bus.on_reconnect(reconcile_again)
        await states.start()
        await push.start()
        app = create_app(
            ApiDeps(
                authenticator=services.authenticator,
                accounts=services.accounts,
                setup=services.setup,
                tokens=services.tokens,
                access=services.access,
                registry=services.registry,
                groups=services.groups,
                credentials=services.credentials,
                passwords=services.passwords,
                areas=services.areas,
                maps=services.maps,
                imports=imports,
                edits=edits,
                health=health,
                maintenance=maintenance,
                quality=quality,
                units=services.units,
                events=events,
                counts=counts,
                blobs=blobs,
                states=states,
                push=push,
                models=models.desk,
                stills=BusStills(bus),
                dry_runs=dry_runs,
                jobs=jobs,
                likely=SqlLikelyCameras(database),
                policy=UrlPolicy.parse(settings.camera_networks, loopback=settings.loopback),
                ptz=BusPtz(bus),
                config=PublicConfig(version("camhub"), settings.time_zone, settings.language),
                readiness=lambda: {"bus": bus.connected},
                wall=assets.directory(),
                basemap=Basemap.parse(settings.map_tiles),
                map_attribution=settings.map_attribution,
            )
        )
        try:
            await run_until(
                asyncio.Event(),
                _serve(app, settings, stop, push),
                services.registry.run(every_s=_RECONCILE_S),
                states.run(),
                recorder.run(),
                CountRecorder(bus, counts, clock).run(),
                _count_keeper(settings, counts, clock).run(),
                mirror.run(),
                models.run(),
                dry_runs.run(),
                imports.run(),
                edits.run(),
                quality.run(),
                VersionKeeper(
                    SqlVersionArchive(database), settings.camera_versions_days, clock
                ).run(),
                make_password_runner(settings, database, services, jobs, clock).run(),
                HealthRecorder(bus, health, states, clock, settings.health_days * 86_400.0).run(),
                GapKeeper(health, SqlHealthWatch(database), states, clock).run(),
                CameraAlarms(
                    bus,
                    health,
                    SqlToldOutages(database),
                    services.registry,
                    maintenance,
                    clock,
                    settings.alarm_after_s,
                ).run(),
            )
        finally:
            await imports.close()
            await edits.close()
            await states.stop()
