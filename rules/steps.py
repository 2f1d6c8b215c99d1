"""What rules ask for. Rules never act and never look at pixels: they return steps, and `patrol/` carries them out."""

from dataclasses import dataclass

from detector.observation import Box
from rules.incident import Incident


@dataclass(frozen=True, slots=True)
class ProveStill:
    """Watch one region from now on and say in each further observation whether it stayed as it is now."""

    question: str
    camera: str
    box_px: Box


@dataclass(frozen=True, slots=True)
class StopProof:
    """The question is settled."""

    question: str
    camera: str


@dataclass(frozen=True, slots=True)
class LookBack:
    """Find when what a region shows came there and who stood there then; the next observation says it, once."""

    question: str
    camera: str
    box_px: Box


@dataclass(frozen=True, slots=True)
class Keep:
    """Store the incident as it stands now, before anything else happens.

    The first `Keep` of a candidate also pins the camera's packets from ten seconds before its start; a `Keep` in
    state `dropped` or `closed` releases them.
    """

    incident: Incident


@dataclass(frozen=True, slots=True)
class Seal:
    """The seconds after the verdict are over, or the footage is: make the packet and queue the case."""

    incident: Incident


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know that is no violation: equipment, `unsure`, a rule that could not be judged.

    Attributes:
        code: stable name: `unsure_hours`, `scene_bumped`, `time_backwards`, ...
        camera: whose.
        text: what happened and what to do.
    """

    code: str
    camera: str
    text: str


Step = ProveStill | StopProof | LookBack | Keep | Seal | Notice
