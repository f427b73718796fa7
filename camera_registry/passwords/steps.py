"""One camera's steps on the way to a new password: what is asked, what an answer means. Pure."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from camera_registry.device_host import device_elsewhere
from camera_registry.jobs import Job, JobState, Submission
from camera_registry.passwords.model import ChangeRow, PasswordChange, RowState
from camera_registry.passwords.order import (
    LIMIT_S,
    PASSWORD,
    Outcome,
    PasswordOrder,
    PasswordReport,
    decode_report,
    encode,
)
from camera_registry.scope import Scope
from camera_registry.stored import StoredCamera

_MANAGE = "camera.manage"
_BEFORE_THE_DEVICE = frozenset(
    ("no_worker", "job_unknown", "vault_key", "vault_damaged", "network_not_allowed", "onvif_url")
)
"""What ends a job before it has asked the device for anything."""


def submission(
    change: PasswordChange, row: ChangeRow, stored: StoredCamera, again: bool
) -> Submission:
    """Return the job that gives a device its new password."""
    camera = stored.camera
    sealed, sealed_for = stored.login
    url = camera.details.capabilities.onvif_url
    return Submission(
        PASSWORD,
        encode(PasswordOrder(url, camera.id, row.sealed, again)),
        change.owner.id,
        _MANAGE,
        Scope.of([camera.unit_code]),
        limit_s=LIMIT_S,
        sealed=sealed,
        sealed_for=sealed_for,
    )


def not_changeable(stored: StoredCamera) -> PasswordReport | None:
    """Say why a device cannot be asked at all; None where it can."""
    camera = stored.camera
    if not camera.details.capabilities.onvif_url:
        return PasswordReport(
            Outcome.KEPT,
            "no_onvif",
            "the address of its ONVIF service is not known",
            "probe the device, or write the address into the camera",
        )
    if device_elsewhere(camera):
        return PasswordReport(
            Outcome.KEPT,
            "elsewhere",
            "its ONVIF service is at another host than its stream",
            "a new password is sent to the camera's own host only",
        )
    return None


def report_of(job: Job, again: bool) -> PasswordReport:
    """Return what a job that has ended says of the device's password.

    ``again``: the device was asked before this job as well.
    """
    if job.state is JobState.DONE:
        try:
            return decode_report(job.result)
        except msgspec.MsgspecError:
            return PasswordReport(Outcome.UNSURE, "internal", "the worker's report is unreadable")
    untouched = job.code in _BEFORE_THE_DEVICE and not again
    code = job.code or job.state.value
    message = job.error or "the job was called off"
    return PasswordReport(Outcome.KEPT if untouched else Outcome.UNSURE, code, message, job.hint)


def done(row: ChangeRow) -> ChangeRow:
    """Return a row that has come to its good end: nothing is pending any more."""
    return replace(row, state=RowState.DONE, sealed=b"", code="", message="", hint="")


def failed_as(row: ChangeRow, report: PasswordReport) -> ChangeRow:
    """Return a row that has failed for the reason of a report."""
    return failed(row, report.code, report.message, report.hint)


def failed(row: ChangeRow, code: str, message: str, hint: str = "") -> ChangeRow:
    """Return a row that has failed; what was pending stays for another try."""
    return replace(row, state=RowState.FAILED, code=code, message=message, hint=hint, job_id="")
