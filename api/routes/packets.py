"""`/api/v1/packets`: evidence goes in once, whole and verified, before the case that names it."""

import contextlib
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.requests import ClientDisconnect

from api.auth import BoxToken
from api.cases import Sha256
from api.errors import answers
from api.parts import TheParts
from api.refusals import NotUploaded, PacketUnsound, UploadTorn, WrongIdentity

router = APIRouter(prefix="/api/v1/packets", tags=["packets"])

PacketId = Annotated[Sha256, Path(description="the packet's identity, as its seal has it")]


class PacketStored(BaseModel):
    """What became of an upload."""

    packet_sha256: str
    stored: bool = True


@router.put(
    "/{sha256}",
    summary="Upload a packet",
    status_code=201,
    response_model=PacketStored,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
        }
    },
    responses=answers(400, 401, 403, 413, 422, 507, also={200: (PacketStored, "it was here already")}),
)
async def upload_packet(
    sha256: PacketId, request: Request, response: Response, _: BoxToken, parts: TheParts
) -> PacketStored:
    """The body is the packet as a ZIP file. It is verified as a stranger would, and kept only if it is sound and
    is the packet that the address names. Sending it again is harmless."""
    vault = parts.vault
    if await run_in_threadpool(vault.has, sha256):
        response.status_code = 200
        return PacketStored(packet_sha256=sha256)
    length = request.headers.get("content-length", "")
    upload = await run_in_threadpool(vault.begin, int(length) if length.isdecimal() else 0)
    try:
        try:
            async for chunk in request.stream():
                await run_in_threadpool(upload.write, chunk)
        except ClientDisconnect as exc:
            raise UploadTorn from exc
        await run_in_threadpool(vault.admit, upload, sha256)
    except (PacketUnsound, WrongIdentity):
        parts.metrics.packets.labels("refused").inc()
        raise
    finally:
        with contextlib.suppress(OSError):
            await run_in_threadpool(upload.discard)
    parts.metrics.packets.labels("stored").inc()
    return PacketStored(packet_sha256=sha256)


@router.get("/{sha256}", summary="Is this packet here?", response_model=PacketStored, responses=answers(401, 403, 404))
def has_packet(sha256: PacketId, _: BoxToken, parts: TheParts) -> PacketStored:
    """200 when it is here already, which spares a second upload; 404 when not."""
    if not parts.vault.has(sha256):
        raise NotUploaded(sha256)
    return PacketStored(packet_sha256=sha256)
