"""Whether an address holds a secret. A site folder is copied, versioned and named in packets: it may hold none."""

import re

# After the user's colon comes a password, after the host's colon a port: digits and then a slash or the end.
_PASSWORD = re.compile(r"://[^/@\s]*:(?!\d+(?:[/?]|$))\S*@|\b(?:password|passwd|passcode|pwd|pass)=", re.IGNORECASE)


def holds_password(address: str) -> bool:
    """Whether there is a password in the user part or among the parameters of an address."""
    return _PASSWORD.search(address) is not None
