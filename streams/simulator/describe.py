"""The session description (SDP, RFC 8866) that a camera answers DESCRIBE with."""

from base64 import b64encode

from streams.simulator.clip import CLOCK_HZ, Clip
from streams.simulator.rtp import PAYLOAD_TYPE

TRACK = "trackID=0"
_TERSE = {"h264": "packetization-mode=1", "hevc": "tx-mode=SRST"}


def session_description(clip: Clip, host: str, *, terse: bool = False) -> str:
    """SDP with the parameter sets in it, so that a client knows the size before the first key picture.

    Args:
        clip: what is served.
        host: from where.
        terse: leave the parameter sets out, as some cameras do.
    """
    encoding = {"h264": "H264", "hevc": "H265"}[clip.codec]
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {host}",
        "s=Street Patrol simulator",
        f"c=IN IP4 {host}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} {encoding}/{CLOCK_HZ}",
        f"a=fmtp:{PAYLOAD_TYPE} {_TERSE[clip.codec] if terse else _format_parameters(clip)}",
        f"a=control:{TRACK}",
    ]
    return "\r\n".join(lines) + "\r\n"


def _format_parameters(clip: Clip) -> str:
    if clip.codec == "h264":  # RFC 6184 section 8.1
        profile = next(nal for nal in clip.parameter_sets if nal[0] & 0x1F == 7)[1:4].hex()
        sets = ",".join(b64encode(nal).decode() for nal in clip.parameter_sets)
        return f"packetization-mode=1; profile-level-id={profile}; sprop-parameter-sets={sets}"
    names = {32: "sprop-vps", 33: "sprop-sps", 34: "sprop-pps"}  # RFC 7798 section 7.1
    return "; ".join(f"{names[nal[0] >> 1 & 0x3F]}={b64encode(nal).decode()}" for nal in clip.parameter_sets)
