"""What a person should know of a zone that could not be judged: told once a day, not once a look."""

from zoneinfo import ZoneInfo

from rules.steps import Notice, Step
from rules.zone import Zone
from streams.clock import FrameClock


class Told:
    """The notices of one rule at one camera."""

    def __init__(self, camera: str, timezone: ZoneInfo) -> None:
        self._camera, self._timezone = camera, timezone
        self._said: set[str] = set()

    def notice(self, code: str, text: str) -> Notice:
        """A notice as often as it happens."""
        return Notice(code, self._camera, text)

    def once(self, code: str, zone: Zone, now: FrameClock, text: str) -> list[Step]:
        """A notice about a zone, once a day."""
        today = f"{now.captured_at.date()}"
        key = f"{code} {zone.id} {today}"
        if key in self._said:
            return []
        self._said = {said for said in self._said if said.endswith(today)} | {key}
        return [self.notice(code, f"zone {zone.id} was not judged: {text}")]

    def unsure_hours(self, zone: Zone, now: FrameClock) -> list[Step]:
        """Its hours depend on days that the calendar does not know."""
        year = now.captured_at.astimezone(self._timezone).year
        text = f"hours {zone.hours.expression!r} need the days of {year}; list them in calendar.toml"
        return self.once("unsure_hours", zone, now, text)
