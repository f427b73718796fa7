"""The jobs of this room, as ``camera_registry.jobs`` runs them: probe, search, interfaces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from camera_registry import discovery, probe
from camera_registry.base.clock import Clock
from camera_registry.base.errors import ForbiddenError
from camera_registry.jobs import JobHandler, Task
from camera_registry.passwords.order import PASSWORD
from camera_registry.urls import UrlPolicy
from camera_registry.vault import Vault
from ingest.onvif.interfaces import interfaces
from ingest.onvif.multicast import MulticastSearch
from ingest.onvif.passwords import PasswordJob
from ingest.onvif.probe import probe_onvif
from ingest.onvif.sweep import Sweep
from ingest.options import IngestOptions
from ingest.probe.rtsp import probe_rtsp

_PERCENT = 100


def handlers(
    policy: UrlPolicy, options: IngestOptions, clock: Clock, vault: Vault
) -> dict[str, JobHandler]:
    """Return what does each kind of job."""
    jobs = DeviceJobs(policy, options, clock)
    return {
        PASSWORD: PasswordJob(policy, clock, vault).run,
        probe.PROBE: jobs.probe,
        discovery.DISCOVERY: jobs.discover,
        discovery.INTERFACES: jobs.interfaces,
    }


@dataclass(frozen=True, slots=True)
class DeviceJobs:
    """Does the jobs; addresses are checked here again, whoever has ordered them."""

    policy: UrlPolicy
    options: IngestOptions
    clock: Clock

    async def probe(self, task: Task) -> bytes:
        """Look at a camera or device; whatever it does is a report."""
        request = probe.decode_request(task.payload)

        def progress(share: float, phase: str) -> None:
            task.report(round(share * _PERCENT), _PERCENT, phase)

        if urlsplit(request.url).scheme in ("rtsp", "rtsps"):
            report, picture = await probe_rtsp(
                request,
                task.credentials,
                clock=self.clock,
                options=self.options,
                progress=progress,
            )
        else:
            report, picture = await probe_onvif(
                request,
                task.credentials,
                policy=self.policy,
                clock=self.clock,
                progress=progress,
            )
        task.picture = picture
        return probe.encode(report)

    async def discover(self, task: Task) -> bytes:
        """Search; what was found so far is told while it goes on."""
        request = discovery.decode_request(task.payload)
        found: dict[str, discovery.FoundDevice] = {}
        search = MulticastSearch(self.policy)
        sweep = Sweep(request, self.policy, self.clock)
        network = discovery.sweepable(request.network, self.policy) if request.network else None
        total = network.num_addresses if network is not None else 0

        told = -1

        def report(phase: str) -> discovery.DiscoveryReport:
            nonlocal told
            for device in (*search.heard.devices.values(), *sweep.swept.devices):
                known = found.get(device.address)
                found[device.address] = device if known is None else _joined(known, device)
            made = discovery.DiscoveryReport(
                tuple(found.values()), search.heard.refused, search.heard.full or sweep.swept.full
            )
            news = b"" if len(found) == told else discovery.encode(made)
            told = len(found)
            task.report(sweep.swept.done, total, phase, news)
            return made

        if request.interfaces:
            mine = {each.address for each in interfaces()}
            chosen = [address for address in request.interfaces if address in mine]
            if not chosen:
                raise ForbiddenError(
                    "this worker has none of these interfaces",
                    hint="choose among those that are listed",
                    code="no_interface",
                )
            report("multicast")
            await search.run(chosen, request.wait_s, lambda: _forget(report("multicast")))
        if network is not None:
            await sweep.run(network, lambda: _forget(report("range")))
        return discovery.encode(report("done"))

    async def interfaces(self, task: Task) -> bytes:
        """List the interfaces of this worker."""
        return discovery.encode(discovery.Interfaces(interfaces()))


def _forget(_: discovery.DiscoveryReport) -> None:
    """Drop what a progress report returns."""


def _joined(known: discovery.FoundDevice, more: discovery.FoundDevice) -> discovery.FoundDevice:
    """Return what two ways of finding have told of one address; the first one's words count."""
    return replace(
        known,
        onvif_url=known.onvif_url or more.onvif_url,
        rtsp_url=known.rtsp_url or more.rtsp_url,
        server=known.server or more.server,
    )
