"""A body for each operation of the API that takes one."""

from __future__ import annotations

from typing import Any

from tests.ioc_api.hub import PASSWORD, UNIT_A
from tests.ioc_api.walked import NOBODYS

GRANT_A = {"role": "operator", "units": [UNIT_A]}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/setup"): {"token": "x", "username": "root", "password": PASSWORD},
    ("post", "/api/v1/session"): {"username": "nobody", "password": "wrong"},
    ("post", "/api/v1/cameras"): {"name": "n", "unit_code": UNIT_A, "url": "rtsp://10.0.0.7/"},
    ("patch", "/api/v1/cameras/{camera_id}"): {"name": "m"},
    ("post", "/api/v1/camera-groups"): {"name": "g", "unit_code": UNIT_A},
    ("patch", "/api/v1/camera-groups/{group_id}"): {"name": "h"},
    ("post", "/api/v1/credentials"): {
        "name": "",
        "unit_code": UNIT_A,
        "username": "viewer",
        "password": "four-Loud-geese",
    },
    ("patch", "/api/v1/credentials/{credential_id}"): {"password": "five-Loud-geese"},
    ("post", "/api/v1/password-changes"): {
        "mode": "vault",
        "password": "five-Loud-geese",
        "cameras": [NOBODYS],
    },
    ("post", "/api/v1/password-changes/preview"): {"cameras": [NOBODYS]},
    ("post", "/api/v1/cameras/{camera_id}/ptz"): {"action": "stop"},
    ("post", "/api/v1/probe"): {"url": "rtsp://10.0.0.7/"},
    ("post", "/api/v1/cameras/{camera_id}/facts"): {"job": "none"},
    ("post", "/api/v1/discovery"): {"network": "10.0.0.0/30"},
    ("post", "/api/v1/jobs/{task_id}/camera"): {"unit_code": UNIT_A},
    ("put", "/api/v1/cameras/{camera_id}/rules"): {"version": 0, "document": {"rules": []}},
    ("post", "/api/v1/cameras/{camera_id}/dry-runs"): {
        "document": {"rules": []},
        "source": "upload",
    },
    ("put", "/api/v1/cameras/{camera_id}/dry-runs/{run_id}/clip"): {"a": "file of any kind"},
    ("patch", "/api/v1/users/{user_id}"): {"display_name": "m"},
    ("post", "/api/v1/account/password"): {"current": "x", "password": PASSWORD},
    ("post", "/api/v1/account/totp/confirm"): {"code": "000000"},
    ("post", "/api/v1/account/totp/remove"): {"code": "000000"},
    ("post", "/api/v1/account/recovery-codes"): {"code": "000000"},
    ("post", "/api/v1/users"): {"username": "", "password": PASSWORD, "grants": [GRANT_A]},
    ("put", "/api/v1/model-default"): {"name": None},
    ("post", "/api/v1/models"): {"manifest": {}, "upload": "x"},
    ("post", "/api/v1/model-uploads"): {"a": "file of any kind"},
    ("post", "/api/v1/models/{name}/test"): {"a": "file of any kind"},
    ("post", "/api/v1/tokens"): {"name": "t", "grants": [GRANT_A]},
    ("post", "/api/v1/imports"): {"a": "file of any kind"},
    ("post", "/api/v1/imports/{import_id}/check"): {"mapping": {"0": "name"}},
    ("post", "/api/v1/imports/{import_id}/apply"): {"mode": "good_rows"},
    ("post", "/api/v1/camera-edits"): {"change": {"priority": 1}, "ids": [NOBODYS]},
    ("post", "/api/v1/maintenance"): {
        "target": "unit",
        "target_id": UNIT_A,
        "begins": "2027-01-01T00:00:00Z",
        "ends": "2027-01-02T00:00:00Z",
        "reason": "walk",
    },
}
