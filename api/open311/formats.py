"""What Open311 speaks: the same answer as JSON or XML, bodies as a form or as JSON, errors as a list of code and words.

https://wiki.open311.org/GeoReport_v2/#Format_Support
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

from fastapi import Request, Response

LARGEST_BODY = 64 * 1024


class Open311Refusal(Exception):
    """Why a request is not served, with the HTTP status that the specification has for it."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code


def answer(
    name: str, item: str, value: Sequence[Mapping[str, Any]] | Mapping[str, Any], suffix: str, status: int
) -> Response:
    """A value in the format of the address.

    Args:
        name: the XML root.
        item: the XML element of each member of a list.
        suffix: `json` or `xml`.
    """
    headers = {"Cache-Control": "no-store"}
    if suffix == "json":
        body = json.dumps(value, ensure_ascii=False).encode()
        return Response(body, status, headers, "application/json; charset=utf-8")
    root = ET.Element(name)
    if isinstance(value, Mapping):
        _fill(root, value)
    else:
        for member in value:
            _fill(ET.SubElement(root, item), member)
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, status, headers, "text/xml; charset=utf-8")


def refused(request: Request, exc: Exception) -> Response:
    """A refusal as the specification words it."""
    assert isinstance(exc, Open311Refusal)  # noqa: S101 - registered for it
    suffix = "xml" if request.url.path.endswith(".xml") else "json"
    return answer("errors", "error", [{"code": exc.code, "description": str(exc)}], suffix, exc.code)


async def fields_of(request: Request) -> dict[str, str]:
    """The arguments of a POST, from its query, form or JSON body; every value a text.

    Raises:
        Open311Refusal: the body is too long or neither.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise Open311Refusal(413, f"a request has at most {LARGEST_BODY} bytes; send pictures as media_url")
    found = dict(request.query_params)
    text = body.decode("utf-8", "replace")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.endswith("json"):
        return found | _from_json(text)
    if kind not in ("", "application/x-www-form-urlencoded"):
        raise Open311Refusal(415, f"send application/x-www-form-urlencoded or application/json, not {kind[:60]}")
    return found | {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _from_json(text: str) -> dict[str, str]:
    try:
        value = json.loads(text)
    except ValueError as problem:
        raise Open311Refusal(400, f"the body is no JSON: {problem}") from problem
    if not isinstance(value, dict):
        raise Open311Refusal(400, "the body must be a JSON object with the arguments of the request")
    found: dict[str, str] = {}
    for name, given in value.items():
        if isinstance(given, dict):  # {"attribute": {"CODE": 1}} for what a form calls attribute[CODE]
            found |= {f"{name}[{key}]": str(part) for key, part in given.items()}
        elif given is not None:
            found[name] = str(given)
    return found


def _fill(element: ET.Element, value: Mapping[str, Any]) -> None:
    for name, part in value.items():
        child = ET.SubElement(element, name)
        if isinstance(part, Mapping):
            _fill(child, part)
        elif isinstance(part, (list, tuple)):
            for member in part:
                _fill(ET.SubElement(child, name.removesuffix("s")), member)
        elif part is not None:
            child.text = _legal(str(part).lower() if isinstance(part, bool) else str(part))


def _legal(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold at all."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )
