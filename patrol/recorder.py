"""What happened around an incident: its packets and its boxes, kept from the moment it becomes a candidate."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from detector.observation import Observation
from patrol.look_log import AFTER_S, FOLLOWED, LookLog, wanted_s
from patrol.sampling import END_S, Sampler, left_out, thinned
from rules.incident import Incident, IncidentState
from streams.footage import Footage
from streams.packets import StreamPacket
from streams.ring import PacketRing
from streams.spool import Spool, SpoolError


@dataclass(frozen=True, slots=True)
class Recording:
    """The material of one packet.

    Attributes:
        wanted_s: media time asked for, from and to.
        packets: what there is of it, from the last key frame before.
        looks: the observations in it, oldest first.
        sampled_s: media time from and to where a stay of hours is there in samples only; None: all of it is there.
        why_missing: what the recorder knows about why a part of it may be missing; empty: nothing.
    """

    wanted_s: tuple[float, float]
    packets: tuple[StreamPacket, ...]
    looks: tuple[Observation, ...]
    why_missing: str = ""
    sampled_s: tuple[float, float] | None = None


class Recorder(Protocol):
    """Keeps what evidence is made of; one a camera."""

    @property
    def problem(self) -> str:
        """What keeps it from recording; empty when all is well."""
        ...

    def record(self, packet: StreamPacket) -> None:
        """A packet came in."""

    def note(self, seen: Observation) -> None:
        """A look was made."""

    def follow(self, incident: Incident) -> None:
        """An incident changed its state: keep its range, or let it go."""

    def recording(self, incident: Incident) -> Recording:
        """The material for the packet of a raised incident."""
        ...


class LiveRecorder:
    """A live camera's packets: a ring in memory, and on disk whatever belongs to an open incident.

    What is followed is written to the spool at once, so a process that is killed finds it again.

    Args:
        ring: this camera's own.
        spool: this camera's own folder.
        keep_s: seconds of looks to keep for the boxes beside a clip.
        restored: incidents that a restart goes on with; ranges of any other are left-overs and are deleted.
        no_room: why nothing new may be recorded, in words; empty while there is room.
    """

    def __init__(
        self,
        ring: PacketRing,
        spool: Spool,
        keep_s: float,
        restored: Iterable[Incident] = (),
        no_room: Callable[[], str] = str,
    ) -> None:
        self._ring, self._spool, self._no_room = ring, spool, no_room
        self._log = LookLog(keep_s)
        self._spooled: set[str] = set()
        self._samplers: dict[str, Sampler] = {}
        self._began_s: float | None = None
        self.problem = ""
        wanted = {incident.id: incident for incident in restored if incident.state in FOLLOWED}
        for name in spool.names():
            if name in wanted:
                self._spooled.add(name)
                self._log.follow(wanted[name])
                if wanted[name].state is IncidentState.CANDIDATE:
                    self._samplers[name] = Sampler(wanted_s(wanted[name])[0])
            else:
                spool.delete(name)

    def record(self, packet: StreamPacket) -> None:
        """Into the ring, and after every open incident's range."""
        if self._began_s is None and packet.is_key:
            self._began_s = packet.clock.media_s
        self._ring.append(packet)
        for name in tuple(self._spooled):
            sampler = self._samplers.get(name)
            if sampler is not None and not sampler.keeps(packet):
                continue
            self._guarded(name, partial(self._spool.append, name, packet))

    def note(self, seen: Observation) -> None:
        """A look was made."""
        self._log.note(seen)

    def follow(self, incident: Incident) -> None:
        """Begin or end an incident's range on disk."""
        self._log.follow(incident)
        if incident.state in FOLLOWED and incident.id not in self._spooled:
            if full := self._no_room():
                # What is sealed is never touched to make room: new recording ends, and says so until there is room.
                self.problem = full
                return
            self.problem = ""
            self._spooled.add(incident.id)
            packets = self._ring.since(wanted_s(incident)[0])
            self._samplers[incident.id] = Sampler(wanted_s(incident)[0])
            self._guarded(incident.id, partial(self._spool.open_range, incident.id, packets))
        if incident.state is IncidentState.RAISED and self._samplers.pop(incident.id, None) is not None:
            # From the verdict on all is kept, and so is what led to it: the ring still has it.
            verdict = incident.raised or incident.last_seen
            end = self._ring.since(verdict.media_s - END_S)
            self._guarded(incident.id, partial(self._spool.open_range, incident.id, end))
        elif incident.state not in FOLLOWED and incident.id in self._spooled:
            self._samplers.pop(incident.id, None)
            self._spooled.discard(incident.id)
            self._spool.delete(incident.id)

    def recording(self, incident: Incident) -> Recording:
        """From the spool where the range is there, from the ring where the disk was too full for it."""
        first, last = wanted_s(incident)
        packets: Iterable[StreamPacket] = ()
        if incident.id in self._spool.names():
            packets = self._spool.read(incident.id)
        kept = tuple(_until(packets, last)) or self._ring.between(first, last)
        return Recording((first, last), kept, self._log.between(first, last), self._why(first), _sampled(incident))

    def _why(self, first_s: float) -> str:
        """In words, why the beginning or a part of a range is not there, as far as this recorder can tell."""
        known = [self.problem] if self.problem else []
        if self._began_s is not None and self._began_s > first_s + 1.0:
            known.append(f"the program was started, or started again, at {self._began_s:.1f} s of the stream")
        known += self._ring.lost.notices
        return "; ".join(known)

    def _guarded(self, name: str, write: Callable[[], None]) -> None:
        try:
            write()
        except SpoolError as full:
            # New clips stop before the database does; what was written stays, the ring holds the last seconds.
            self._spooled.discard(name)
            self.problem = str(full)


class FootageRecorder:
    """Recorded footage is its own ring: the range is read from the file again when a packet is made."""

    def __init__(self, footage: Footage, looks_keep_s: float = 60.0) -> None:
        self._footage = footage
        self._log = LookLog(looks_keep_s)
        self.problem = ""

    def record(self, packet: StreamPacket) -> None:
        """Nothing to keep: the file has it."""

    def note(self, seen: Observation) -> None:
        """A look was made."""
        self._log.note(seen)

    def follow(self, incident: Incident) -> None:
        """Hold the looks of an open incident."""
        self._log.follow(incident)

    def recording(self, incident: Incident) -> Recording:
        """Read the range, from the key frame before it."""
        first, last = wanted_s(incident)
        fresh = Footage(self._footage.path, camera=self._footage.camera, start=self._footage.start.at)
        kept = tuple(thinned(_from_key(fresh.packets(), first, last), first, last - AFTER_S))
        return Recording((first, last), kept, self._log.between(first, last), sampled_s=_sampled(incident))


def _sampled(incident: Incident) -> tuple[float, float] | None:
    first_s, last_s = wanted_s(incident)
    return left_out(first_s, last_s - AFTER_S)


def _until(packets: Iterable[StreamPacket], last_s: float) -> Iterator[StreamPacket]:
    return (packet for packet in packets if packet.clock.media_s <= last_s)


def _from_key(packets: Iterable[StreamPacket], first_s: float, last_s: float) -> Sequence[StreamPacket]:
    kept: list[StreamPacket] = []
    for packet in packets:
        if packet.is_key:
            if packet.clock.media_s > last_s:
                break
            if packet.clock.media_s <= first_s:
                kept = []
        kept.append(packet)
    return list(_until(kept, last_s))
