"""Answers of the test device, as text: two encoder profiles for each video source, with PTZ."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

TDS = "http://www.onvif.org/ver10/device/wsdl"
TRT = "http://www.onvif.org/ver10/media/wsdl"
TR2 = "http://www.onvif.org/ver20/media/wsdl"
TPTZ = "http://www.onvif.org/ver20/ptz/wsdl"
TT = "http://www.onvif.org/ver10/schema"
GUID = "urn:uuid:6f6e7669-6600-4000-8000-00000000002a"
SCOPES = (
    "onvif://www.onvif.org/Profile/T",
    "onvif://www.onvif.org/Profile/Streaming",
    "onvif://www.onvif.org/name/C%E1%BB%95ng%20ch%E1%BB%A3",
    "onvif://www.onvif.org/location/Ben%20Thanh",
    "onvif://www.onvif.org/hardware/T-1000",
    "onvif://www.onvif.org/type/ptz",
)

_ANY = "http://www.onvif.org/ver10/tptz"


def _made(prefix: str, namespace: str, name: str, content: str) -> str:
    return (
        f'<{prefix}:{name}Response xmlns:{prefix}="{namespace}" xmlns:tt="{TT}">{content}'
        f"</{prefix}:{name}Response>"
    )


def date_and_time(now: datetime) -> str:
    return _made(
        "tds",
        TDS,
        "GetSystemDateAndTime",
        "<tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
        "<tt:DaylightSavings>false</tt:DaylightSavings><tt:UTCDateTime>"
        f"<tt:Time><tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute>"
        f"<tt:Second>{now.second}</tt:Second></tt:Time><tt:Date><tt:Year>{now.year}</tt:Year>"
        f"<tt:Month>{now.month}</tt:Month><tt:Day>{now.day}</tt:Day></tt:Date>"
        "</tt:UTCDateTime></tds:SystemDateAndTime>",
    )


def information(serial: str) -> str:
    return _made(
        "tds",
        TDS,
        "GetDeviceInformation",
        "<tds:Manufacturer>Example Optics</tds:Manufacturer><tds:Model>T-1000</tds:Model>"
        f"<tds:FirmwareVersion>5.7.1</tds:FirmwareVersion><tds:SerialNumber>{serial}"
        "</tds:SerialNumber><tds:HardwareId>rev-B</tds:HardwareId>",
    )


def users(levels: dict[str, str]) -> str:
    found = "".join(
        f"<tds:User><tt:Username>{name}</tt:Username><tt:UserLevel>{level}</tt:UserLevel></tds:User>"
        for name, level in levels.items()
    )
    return _made("tds", TDS, "GetUsers", found)


def user_set() -> str:
    return _made("tds", TDS, "SetUser", "")


def scopes() -> str:
    found = "".join(
        f"<tds:Scopes><tt:ScopeDef>Fixed</tt:ScopeDef><tt:ScopeItem>{scope}</tt:ScopeItem>"
        "</tds:Scopes>"
        for scope in SCOPES
    )
    return _made("tds", TDS, "GetScopes", found)


def endpoint() -> str:
    return _made("tds", TDS, "GetEndpointReference", f"<tds:GUID>{GUID}</tds:GUID>")


def services(host: str, ptz: bool, media: tuple[str, ...] = (TRT,)) -> str:
    paths = {TRT: "media_service", TR2: "media2_service"}
    known = [(TDS, "device_service"), *((namespace, paths[namespace]) for namespace in media)]
    known += [(TPTZ, "ptz_service")] if ptz else []
    found = "".join(
        f"<tds:Service><tds:Namespace>{namespace}</tds:Namespace>"
        f"<tds:XAddr>http://{host}/onvif/{path}</tds:XAddr><tds:Version><tt:Major>2</tt:Major>"
        "<tt:Minor>60</tt:Minor></tds:Version></tds:Service>"
        for namespace, path in known
    )
    return _made("tds", TDS, "GetServices", found)


def capabilities(host: str, ptz: bool) -> str:
    moves = f"<tt:PTZ><tt:XAddr>http://{host}/onvif/ptz_service</tt:XAddr></tt:PTZ>" if ptz else ""
    return _made(
        "tds",
        TDS,
        "GetCapabilities",
        f"<tds:Capabilities><tt:Media><tt:XAddr>http://{host}/onvif/media_service</tt:XAddr>"
        "<tt:StreamingCapabilities/></tt:Media>" + moves + "</tds:Capabilities>",
    )


def _encoder(token: str, width: int, height: int, fps: int, kbps: int) -> str:
    return (
        f'<tt:VideoEncoderConfiguration token="ve_{token}"><tt:Name>ve_{token}</tt:Name>'
        "<tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
        "</tt:Resolution><tt:Quality>4</tt:Quality>"
        f"<tt:RateControl><tt:FrameRateLimit>{fps}</tt:FrameRateLimit>"
        f"<tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>{kbps}</tt:BitrateLimit>"
        "</tt:RateControl><tt:H264><tt:GovLength>50</tt:GovLength>"
        "<tt:H264Profile>High</tt:H264Profile></tt:H264><tt:Multicast><tt:Address>"
        "<tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address></tt:Address>"
        "<tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart></tt:Multicast>"
        "<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration>"
    )


_MOVES = "<tt:Name>ptz_0</tt:Name><tt:UseCount>2</tt:UseCount><tt:NodeToken>node_0</tt:NodeToken>"
_PTZ = f'<tt:PTZConfiguration token="ptz_0">{_MOVES}</tt:PTZConfiguration>'


ONE = ("vs_0",)
"""The video sources of a camera."""


def token_of(kind: str, source: str) -> str:
    """The token of a profile: ``main`` of a camera, ``main-vs_3`` of a recorder."""
    return kind if source in ONE else f"{kind}-{source}"


def _source(source: str) -> str:
    return (
        f"<tt:Name>vsc_{source}</tt:Name><tt:UseCount>2</tt:UseCount>"
        f"<tt:SourceToken>{source}</tt:SourceToken>"
        '<tt:Bounds x="0" y="0" width="3840" height="2160"/>'
    )


def profiles(ptz: bool, sources: Sequence[str] = ONE, fixed: Collection[str] = ()) -> str:
    """The profiles of the older media service; sources that are ``fixed`` cannot be moved."""
    found = ""
    for source in sources:
        moves = _PTZ if ptz and source not in fixed else ""
        shows = (
            f'<tt:VideoSourceConfiguration token="vsc_{source}">{_source(source)}'
            "</tt:VideoSourceConfiguration>"
        )
        for kind, *encoded in (("main", 2560, 1440, 25, 4096), ("sub", 640, 360, 15, 512)):
            token = token_of(kind, source)
            found += (
                f'<trt:Profiles token="{token}" fixed="true"><tt:Name>{kind.title()}</tt:Name>'
                f"{shows}{_encoder(token, *encoded)}{moves}</trt:Profiles>"
            )
    return _made("trt", TRT, "GetProfiles", found)


def _profile2(
    kind: str, source: str, width: int, height: int, fps: int, kbps: int, types: set[str]
) -> str:
    token = token_of(kind, source)
    encoder = (
        f'<tr2:VideoEncoder token="ve_{token}" GovLength="100" Profile="Main">'
        f"<tt:Name>ve_{token}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H265</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
        '</tt:Resolution><tt:RateControl ConstantBitRate="false">'
        f"<tt:FrameRateLimit>{fps}</tt:FrameRateLimit><tt:BitrateLimit>{kbps}</tt:BitrateLimit>"
        "</tt:RateControl><tt:Quality>4</tt:Quality></tr2:VideoEncoder>"
    )
    sound = (
        f'<tr2:AudioEncoder token="ae_{token}"><tt:Name>ae</tt:Name><tt:UseCount>1</tt:UseCount>'
        "<tt:Encoding>PCMU</tt:Encoding><tt:Bitrate>64</tt:Bitrate><tt:SampleRate>8</tt:SampleRate>"
        "</tr2:AudioEncoder>"
    )
    parts = {
        "VideoSource": f'<tr2:VideoSource token="vsc_{source}">{_source(source)}</tr2:VideoSource>',
        "VideoEncoder": encoder,
        "AudioEncoder": sound if kind == "main" else "",
        "PTZ": f'<tr2:PTZ token="ptz_0">{_MOVES}</tr2:PTZ>',
    }
    chosen = "".join(text for kind, text in parts.items() if types & {kind, "All"})
    return (
        f'<tr2:Profiles token="{token}" fixed="true"><tr2:Name>{kind.title()}</tr2:Name>'
        + (f"<tr2:Configurations>{chosen}</tr2:Configurations>" if chosen else "")
        + "</tr2:Profiles>"
    )


def profiles2(
    ptz: bool, types: set[str], sources: Sequence[str] = ONE, fixed: Collection[str] = ()
) -> str:
    """The profiles of Media2, with the configurations that were asked for and no others."""
    found = ""
    for source in sources:
        wanted = types if ptz and source not in fixed else types - {"PTZ"}
        found += _profile2("main", source, 3840, 2160, 25, 6144, wanted)
        found += _profile2("sub", source, 640, 360, 15, 512, wanted)
    return _made("tr2", TR2, "GetProfiles", found)


def uri2(operation: str, url: str) -> str:
    return _made("tr2", TR2, operation, f"<tr2:Uri>{url}</tr2:Uri>")


def uri(operation: str, url: str) -> str:
    return _made(
        "trt",
        TRT,
        operation,
        f"<trt:MediaUri><tt:Uri>{url}</tt:Uri>"
        "<tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
        "<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>PT0S</tt:Timeout>"
        "</trt:MediaUri>",
    )


def ptz(name: str, content: str = "") -> str:
    return _made("tptz", TPTZ, name, content)
