"""A login never reaches a text that somebody may read."""

import pytest

from streams.credentials import Login, redacted, split_login, with_login
from streams.errors import Down, Frozen, SourceLost, Unreadable, WrongPassword, WrongPath

PASSWORD = "p@ss:w/rd%#?"


@pytest.mark.parametrize(
    "text",
    [
        "rtsp://patrol:s3cret@192.0.2.10/stream1",
        "cannot open 'rtsp://patrol:s3cret@192.0.2.10:554/a?b=c': refused",
        "rtsp://s3cret@192.0.2.10/",
        "RTSP://patrol:s3cret@cam.example/ and rtsp://x:s3cret@other/",
        "rtsp://patrol:s3cret@with@sign@192.0.2.10/stream1",
        "rtsp://patrol:slash/s3cret@192.0.2.10/stream1",
        "rtsp://192.0.2.10/user=admin&password=s3cret&channel=1&stream=0.sdp",
        "rtsp://192.0.2.10/live?pwd=s3cret",
        "Authorization: Basic s3cret==\r\nCSeq: 3",
        'Authorization: Digest username="patrol", response="s3cret"',
    ],
)
def test_no_login_is_left_in_a_text(text: str) -> None:
    assert "s3cret" not in redacted(text)


def test_what_is_no_login_stays_readable() -> None:
    text = "cam-3: rtsp://192.0.2.10:554/stream1: refused at 12:30, mail ops@example.org"
    assert redacted(text) == text


def test_a_known_password_is_found_wherever_it_stands_and_however_written() -> None:
    text = f"tried {PASSWORD} and p%40ss%3Aw%2Frd%25%23%3F and p%40ss%3Aw/rd%25%23%3F"
    assert redacted(text, PASSWORD) == "tried *** and *** and ***"


def test_a_login_goes_into_an_address_and_comes_out_again() -> None:
    login = Login("pat rol", PASSWORD)
    assert split_login(with_login("rtsp://192.0.2.10/a", login)) == ("rtsp://192.0.2.10/a", login)
    assert split_login("rtsp://192.0.2.10/a") == ("rtsp://192.0.2.10/a", Login())
    assert with_login("rtsp://192.0.2.10/a", Login()) == "rtsp://192.0.2.10/a"


def test_a_login_does_not_show_itself() -> None:
    assert PASSWORD not in repr(Login("patrol", PASSWORD))


@pytest.mark.parametrize("url", ["rtsp:///stream1", "stream1", "rtsp://patrol:s3cret/x@192.0.2.10/a"])
def test_an_address_without_a_host_is_refused_without_repeating_its_login(url: str) -> None:
    with pytest.raises(ValueError, match="expected an address") as refused:
        split_login(url)
    assert "s3cret" not in str(refused.value)


@pytest.mark.parametrize("kind", [SourceLost, Down, WrongPassword, WrongPath, Frozen, Unreadable])
def test_errors_name_the_source_and_hold_no_login(kind: type[SourceLost]) -> None:
    error = kind("cam-3", "rtsp://patrol:s3cret@192.0.2.10/a ended; check power")
    assert str(error) == "cam-3: rtsp://***@192.0.2.10/a ended; check power"
    assert "s3cret" not in repr(error)
