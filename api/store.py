"""The store of one site: one database file that the watching and the serving process share.

Time is an argument everywhere. What each table holds and how it moves is in the file named after it; this one joins
them into transactions.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from api import cameras, case_list, case_moves, cases, clocks, figures, incidents, intake, outgoing, sameness, tokens
from api.cameras import CameraHealth
from api.case_list import EVERYTHING, Wanted
from api.case_moves import NO_RULES, CaseRules
from api.cases import Case, Filed
from api.clocks import Limits
from api.database import Database
from api.group_commit import GroupCommit
from api.incidents import Packet, SealedPacket
from api.moves import Actor, Order
from api.open311 import requests
from api.open311.requests import Asked, PublicReport, RequestUpdate, ServiceRequest
from api.outgoing import OutboxDepth, OutboxItem, Outgoing, SendState
from api.tables import PacketRow
from api.tokens import Token, TokenScope
from rules.incident import Incident, IncidentState

FILE_NAME = "patrol.sqlite"


class Store:
    """Everything a site remembers.

    Args:
        data: the site's data folder; the database is `patrol.sqlite` in it, made when missing.

    Raises:
        StoreUnusable: the file cannot be used; the text says why and what to do.
    """

    def __init__(self, data: Path) -> None:
        self.folder = data.absolute()
        self.database = Database(self.folder / FILE_NAME)
        self._together = GroupCommit(self.database)

    def close(self) -> None:
        """Give the connections back."""
        self.database.close()

    # The box: incidents and their packets

    def keep_incident(self, incident: Incident, now: datetime) -> bool:
        """Store an incident at a move; see `incidents.keep`."""
        with self.database.writing() as session:
            return incidents.keep(session, incident, now)

    def open_incidents(self) -> list[Incident]:
        """Incidents with work left, oldest first: what a restart goes on with."""
        with self.database.reading() as session:
            return incidents.still_open(session)

    def incident(self, incident_id: str) -> Incident | None:
        """One incident as last kept."""
        with self.database.reading() as session:
            return incidents.by_id(session, incident_id)

    def commit_sealed(
        self, incident: Incident, packet: Packet, outgoing_cases: Sequence[Outgoing], now: datetime
    ) -> SealedPacket:
        """Record that an incident is sealed: its state, its packet and all that has to be sent, or none of it.

        Called again after a kill it changes nothing, whatever packet the second sealing made.

        Returns:
            The packet that counts: the given one, or the one committed before.

        Raises:
            IllegalMove: the incident was never raised.
        """
        with self.database.writing() as session:
            known = incidents.first_packet(session, incident.id)
            if known is not None:
                return SealedPacket(self.folder / known.path, known.sha256)
            sealed = incident if incident.state is IncidentState.SEALED else incident.moved(IncidentState.SEALED)
            incidents.keep(session, sealed, now)
            session.add(
                PacketRow(
                    sha256=packet.sha256,
                    incident_id=incident.id,
                    part=0,
                    path=outgoing.shelved(packet.path, self.folder),
                    sealed_at=now,
                )
            )
            for item in outgoing_cases:
                outgoing.queue(session, item, now, self.folder)
            return SealedPacket(packet.path, packet.sha256)

    def packet_of(self, incident_id: str) -> SealedPacket | None:
        """The packet an incident was sealed with."""
        with self.database.reading() as session:
            row = incidents.first_packet(session, incident_id)
            return None if row is None else SealedPacket(self.folder / row.path, row.sha256)

    # The outbox

    def claim(self, targets: Sequence[str], now: datetime) -> OutboxItem | None:
        """Take the next row that is due for one of the targets."""
        with self.database.writing() as session:
            return outgoing.claim(session, targets, now, self.folder)

    def sent(self, item: OutboxItem, reference: str, now: datetime) -> None:
        """The target acknowledged it, and calls it `reference`."""
        self._settle(item, now, state=SendState.DONE.value, reference=reference, last_error=None)

    def not_sent(self, item: OutboxItem, reason: str, next_try_at: datetime, now: datetime) -> None:
        """The try failed or its outcome is unknown: again at `next_try_at`."""
        self._settle(item, now, state=SendState.PENDING.value, last_error=reason, next_try_at=next_try_at)

    def never_sent(self, item: OutboxItem, reason: str, now: datetime) -> None:
        """It can never be accepted as it is: a dead letter, for a person to see."""
        self._settle(item, now, state=SendState.DEAD.value, last_error=reason)

    def _settle(self, item: OutboxItem, now: datetime, **columns: Any) -> None:
        with self.database.writing() as session:
            outgoing.settle(session, item.id, now, **columns)

    def unclaim_all(self, now: datetime) -> int:
        """Make pending again what a killed worker was sending; how many rows that were."""
        with self.database.writing() as session:
            return outgoing.unclaim_all(session, now)

    def revive(self, item_id: int, now: datetime) -> bool:
        """Send a dead letter again."""
        with self.database.writing() as session:
            return outgoing.revive(session, item_id, now)

    def outbox(self, state: SendState | None = None) -> list[OutboxItem]:
        """Rows of the outbox, oldest first."""
        with self.database.reading() as session:
            return outgoing.items(session, self.folder, state)

    def outbox_depth(self) -> OutboxDepth:
        """How much waits to be sent, and since when."""
        with self.database.reading() as session:
            return outgoing.depth(session)

    # Cases

    def file_report(
        self,
        report: Filed,
        *,
        key: str,
        event: Mapping[str, Any],
        source: Actor,
        now: datetime,
        rules: CaseRules = NO_RULES,
    ) -> tuple[Case, bool]:
        """Make a case of a report, once; see `intake.take_in`."""
        return self._together.write(
            lambda session: intake.take_in(session, report, key=key, event=event, source=source, rules=rules, now=now)
        )

    def move_case(
        self, case_id: str, order: Order, actor: Actor, *, rules: CaseRules, expected: int, now: datetime
    ) -> Case:
        """Move a case that the caller has seen at version `expected`; see `case_moves.move`."""
        with self.database.writing() as session:
            row = sameness.move_both(session, case_id, order, actor, rules, now, expected)
            return cases.case_of(row, case_moves.history(session, case_id))

    def run_clocks(self, limits: Limits, rules: CaseRules, now: datetime) -> int:
        """Send what is due by now, each once; see `clocks.run`."""
        with self.database.writing() as session:
            return clocks.run(session, limits, rules, now)

    def published(
        self, since: datetime, until: datetime, by: str, limits: Limits | None
    ) -> dict[str, dict[str, float | int | None]]:
        """The published figures of a period, by group; see `figures`."""
        with self.database.reading() as session:
            told = figures.stories(session, since, until, limits)
            return {key: figures.figures(group) for key, group in figures.by(told, by).items()}

    def check_own_report(self, case_id: str, source: str) -> None:
        """Raise `NoSuchCase` unless this source filed the case: the public moves only what it reported itself."""
        with self.database.reading() as session:
            if case_list.by_id(session, case_id).source != source:
                raise cases.NoSuchCase(case_id)

    def cases(self, wanted: Wanted = EVERYTHING, *, limit: int = 50, offset: int = 0) -> tuple[list[Case], int]:
        """One page of cases, newest first, and how many there are in all."""
        with self.database.reading() as session:
            return case_list.listing(session, wanted, limit=limit, offset=offset)

    def case(self, case_id: str) -> Case:
        """One case with its history; raises `NoSuchCase`."""
        with self.database.reading() as session:
            return case_list.by_id(session, case_id)

    def figures(self) -> tuple[dict[tuple[str, str], int], dict[str, int]]:
        """Cases by kind and state, incidents by state."""
        with self.database.reading() as session:
            return case_list.counts(session), incidents.counts(session)

    # Requests of the public

    def file_request(
        self, report: PublicReport, *, key: str | None, source: Actor, now: datetime, rules: CaseRules = NO_RULES
    ) -> str:
        """Make a case of what a citizen wrote; see `open311.requests.file`."""
        with self.database.writing() as session:
            return requests.file(session, report, key=key, source=source, rules=rules, now=now)

    def find_requests(self, asked: Asked, now: datetime) -> list[ServiceRequest]:
        """Requests as the public may see them."""
        with self.database.reading() as session:
            return requests.find(session, asked, now)

    def request_updates(self, since: datetime, until: datetime) -> list[RequestUpdate]:
        """What happened to requests between two moments."""
        with self.database.reading() as session:
            return requests.updates(session, since, until)

    # Tokens and cameras

    def make_token(self, name: str, scope: TokenScope, now: datetime, unit: str | None = None) -> str:
        """A new token's secret, to be shown once; raises `TokenExists`."""
        with self.database.writing() as session:
            return tokens.make(session, name, scope, now, unit)

    def find_token(self, secret: str) -> Token | None:
        """Who holds this secret, or None."""
        with self.database.reading() as session:
            return tokens.find(session, secret)

    def token_named(self, name: str) -> Token | None:
        """The token by this name, revoked or not."""
        with self.database.reading() as session:
            return tokens.by_name(session, name)

    def revoke_token(self, name: str, now: datetime) -> bool:
        """End a token for good."""
        with self.database.writing() as session:
            return tokens.revoke(session, name, now)

    def has_token(self, scope: TokenScope) -> bool:
        """Whether a living token of this scope exists."""
        with self.database.reading() as session:
            return tokens.any_living(session, scope)

    def note_camera(self, health: CameraHealth) -> None:
        """Keep the newest word on a camera."""
        with self.database.writing() as session:
            cameras.note(session, health)

    def camera_health(self) -> list[CameraHealth]:
        """The newest word on each camera."""
        with self.database.reading() as session:
            return cameras.listing(session)

    def keep_cameras(self, names: frozenset[str]) -> None:
        """Forget cameras the site no longer has."""
        with self.database.writing() as session:
            cameras.forget_others(session, names)
