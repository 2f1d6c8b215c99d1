"""The site folder: read, checked, and turned into what the stages need."""

from patrol.site.errors import SiteError, SiteErrors
from patrol.site.load import load_site
from patrol.site.site import CameraSite, DispatchTarget, GridCell, MapZone, Retention, Site

__all__ = [
    "CameraSite",
    "DispatchTarget",
    "GridCell",
    "MapZone",
    "Retention",
    "Site",
    "SiteError",
    "SiteErrors",
    "load_site",
]
