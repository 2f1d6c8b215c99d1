"""Why evidence, a report about it, or a request is not taken; `api/errors.py` says what each means to a caller."""


class NoRoom(Exception):
    """The disk is nearly full: evidence stops before the database does."""

    def __init__(self, free: int, floor: int) -> None:
        super().__init__(
            f"the disk has {free // 2**20} MiB left and {floor // 2**20} MiB are kept for the database: "
            "make space on the server; the box sends it again by itself"
        )


class PacketTooLarge(Exception):
    """More bytes than any packet has."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"a packet has at most {limit} bytes, zipped and unpacked")


class UploadTorn(Exception):
    """The upload ended before it was whole."""

    def __init__(self) -> None:
        super().__init__("the upload ended before it was whole; nothing was kept, send it again")


class PacketUnsound(Exception):
    """The packet does not verify; `problems` says why, a line each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("the packet does not verify and was not kept; `patrol verify` on the box says the same")
        self.problems = problems


class WrongIdentity(Exception):
    """The packet is sound, but another one than the address says."""

    def __init__(self, asked: str, found: str) -> None:
        super().__init__(f"this is packet {found}, not {asked}; PUT it to /api/v1/packets/{found}")


class NoSuchPacket(Exception):
    """A report names evidence that was never uploaded here."""

    def __init__(self, sha256: str) -> None:
        super().__init__(
            f"packet {sha256} is not here: upload it with PUT /api/v1/packets/{sha256}, then send this again"
        )


class NotUploaded(Exception):
    """Somebody asked whether a packet is here, and it is not."""

    def __init__(self, sha256: str) -> None:
        super().__init__(f"packet {sha256} is not here; upload it with PUT to this address")


class NoSuchMedia(Exception):
    """The packet has no such file."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the packet of this case has no {what[:80]}; the case lists what it has")


class ReportDisagrees(Exception):
    """A report says something else than its own evidence; `problems` says what."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("the report does not say what its packet says")
        self.problems = problems


class NotUnderstood(Exception):
    """A value of the request means nothing here; the text says what was expected."""


class VersionMissing(Exception):
    """Somebody moves a case without saying which version was seen."""

    def __init__(self) -> None:
        super().__init__(
            'say which version of the case you saw, as If-Match: "3" (the ETag of GET /api/v1/cases/{id}) '
            "or as `version` in the body: so that two people never move one case at once"
        )


class NotDead(Exception):
    """Only a dead letter is sent again by hand."""

    def __init__(self, row_id: int) -> None:
        super().__init__(f"row {row_id} is no dead letter; GET /api/v1/outbox?state=dead lists them")
