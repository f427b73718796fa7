"""An RTSP server that is not ours: GStreamer's, run by the system's Python (it has ``gi``).

Usage: gst_server.py '{"launch": "( … )", "auth": "basic"|"digest"|"", "user": …, "password": …}'
Prints the port on one line once it serves ``/stream``; ends with its standard input.
"""

import json
import sys
import threading
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


def with_login(server: Any, factory: Any, config: dict[str, str]) -> None:
    method = {"basic": GstRtsp.RTSPAuthMethod.BASIC, "digest": GstRtsp.RTSPAuthMethod.DIGEST}
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(method[config["auth"]])
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if config["auth"] == "basic":
        basic = GstRtspServer.RTSPAuth.make_basic(config["user"], config["password"])
        auth.add_basic(basic, token)
    else:
        auth.add_digest(config["user"], config["password"], token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


def main() -> None:
    config = json.loads(sys.argv[1])
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(config["launch"])
    factory.set_shared(False)
    if config.get("auth"):
        with_login(server, factory, config)
    server.get_mount_points().add_factory("/stream", factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()


main()
