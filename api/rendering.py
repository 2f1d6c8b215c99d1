"""Templates into pages: every text is escaped, and nothing in it is invisible."""

from pathlib import Path
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.parts import Parts

WEB = Path(__file__).with_name("web")

# Marks that turn the direction of text make `gnp.exe` read `exe.png`; with other control characters they are shown
# as what they are. https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
_UNSEEN = {
    code: f"⟨U+{code:04X}⟩"
    for marks in (range(9), (0x0B, 0x0C), range(0x0E, 0x20), (0x7F, 0x061C, 0x200B, 0x200E, 0x200F, 0xFEFF))
    for code in marks
} | {code: f"⟨U+{code:04X}⟩" for code in (*range(0x202A, 0x202F), *range(0x2060, 0x2070))}


def visible(value: object) -> object:
    """A text with its invisible marks made visible; anything else as it is."""
    return value.translate(_UNSEEN) if isinstance(value, str) and not isinstance(value, Markup) else value


_templates = Environment(
    loader=FileSystemLoader(WEB / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=visible,
)


def render(template: str, parts: Parts, status: int = 200, **context: Any) -> HTMLResponse:
    """A page; pages show evidence and are never stored on the way."""
    text = _templates.get_template(template).render(
        site=parts.site_name, version=parts.version, needs_token=parts.require_page_token, **context
    )
    return HTMLResponse(text, status, {"Cache-Control": "no-store"})
