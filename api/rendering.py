"""Templates into pages: every text is escaped unless a template says otherwise, and none does."""

from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.parts import Parts

WEB = Path(__file__).with_name("web")

_templates = Environment(
    loader=FileSystemLoader(WEB / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, parts: Parts, status: int = 200, **context: Any) -> HTMLResponse:
    """A page; pages show evidence and are never stored on the way."""
    text = _templates.get_template(template).render(
        site=parts.site_name, version=parts.version, needs_token=parts.require_page_token, **context
    )
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})
