"""SPDY frames, both ways; that a real client understands them is shown end to end."""

from __future__ import annotations

from tests.e2e.kubelet.spdy import Data, Opened, Pinged, Session, dictionary


def test_the_dictionary_is_that_of_the_draft() -> None:
    assert len(dictionary()) == 1423
    assert dictionary()[:15] == b"\x00\x00\x00\x07options\x00\x00\x00\x04"


def test_streams_are_opened_and_carry_bytes() -> None:
    client, server = Session(), Session()
    wire = client.open(1, {"streamType": "error", "port": "80", "requestID": "0"})
    wire += client.open(3, {"streamType": "data", "port": "80", "requestID": "0"})
    wire += client.data(3, b"hello", last=True) + client.pong(7)
    frames = [frame for byte in wire for frame in server.feed(bytes([byte]))]
    assert frames == [
        Opened(1, {"streamtype": "error", "port": "80", "requestid": "0"}),
        Opened(3, {"streamtype": "data", "port": "80", "requestid": "0"}),
        Data(3, b"hello", True),
        Pinged(7),
    ]
