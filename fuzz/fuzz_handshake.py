"""Any bytes in the handshake of a session, said to a room or to a participant: typed ends, and nobody gets in by them.

    PYTHONPATH=. python -m fuzz.fuzz_handshake -max_total_time=60 build/fuzz/handshake fuzz/corpus/handshake

fuzzes with atheris; new finds go to the first folder. The first byte of an input says what the rest is (`READERS`).
Somebody who builds in the room meanwhile goes on, and a participant shows its invite to no room but the one it is for.
"""

import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import NamedTuple

import msgspec

from fuzz.harness import joined, pieces, read_by_first_byte, run
from theta.base.identifiers import blake2b_128
from theta.base.limits import HELD_BYTES_MAX, HELD_FRAMES_MAX, NONCE_BYTES_MAX, NONCE_BYTES_MIN
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.identity import Identity
from theta.node.lanes import Lane
from theta.node.peer import Peer, PeerSettings
from theta.node.protocol import protocol
from theta.node.room import Room, RoomSettings
from theta.session.invites import make_invite, role_of_invite
from theta.session.plain_text import is_plain_text
from theta.session.secret import RoomSecret
from theta.session.transcript import challenge_digest, proof_digest
from theta.wire import codec
from theta.wire.messages import (
    Message,
    Ping,
    SessionAcknowledge,
    SessionChallenge,
    SessionHello,
    SessionProof,
)

CORPUS = Path(__file__).resolve().parent / "corpus" / "handshake"
SECRET = RoomSecret(b"r" * 32)
ELSEWHERE = RoomSecret(b"e" * 32)
OWNER = Identity.from_seed(b"o" * 32)
EVE = Identity.from_seed(b"v" * 32)
INVITE = make_invite(SECRET, "viewer")
CAPABILITIES = ("fold", "presence", "chat")
ADA_NUMBER, EVE_NUMBER = 1, 2
# With which codes a connection may end before its session stands. Any other is a find, as is any error.
PERMITTED_CODES: dict[int, str] = {
    4400: "no message, one out of place, or a nonce that will not do",
    4401: "a key that was not proved",
    4403: "no invite, or a foreign one",
    4408: "too late",
    4409: "no place left",
    4413: "over the limit of a frame",
    4421: "another room than the invite is for",
    4426: "another protocol",
}


class Scene:
    """A room with Ada in it, and Eve at the door. What Ada draws is the same every time."""

    def __init__(self) -> None:
        self.seconds = 100.0
        self.codes: dict[int, int] = {}
        self.heard: list[tuple[Lane, bytes]] = []
        self.room = Room(
            RoomSettings("fuzz", SECRET, OWNER.public_key), [], Randomness(b"room"), self.now, stopwatch=lambda: 0.0
        )
        self.ada = Peer(_settings("Ada", OWNER), Randomness(b"ada"))
        self.room.handle_connected(self.now, ADA_NUMBER)
        self.ada.handle_connected(self.now)
        self.settle()
        assert self.ada.is_joined
        self.room.handle_connected(self.now, EVE_NUMBER)

    @property
    def now(self) -> Moment:
        """The time."""
        return Moment(self.seconds, 1_700_000_000_000 + round(self.seconds * 1000))

    @property
    def has_eve(self) -> bool:
        """Whether she is in."""
        return any(person.author == EVE.public_key for person in self.room.people)

    def say(self, lane: Lane, frame: bytes) -> None:
        """Bytes from Eve."""
        self.room.handle_frame(self.now, EVE_NUMBER, lane, frame)
        self.settle()

    def settle(self) -> None:
        """Carry everything to where it goes."""
        worked = True
        while worked:
            worked = self._write()
            while (transmit := self.room.poll_transmit()) is not None:
                worked = True
                if transmit.connection == ADA_NUMBER:
                    self.ada.handle_frame(self.now, transmit.lane, transmit.frame)
                else:
                    self.heard.append((transmit.lane, transmit.frame))
            while (close := self.room.poll_close()) is not None:
                assert close.connection == EVE_NUMBER, "who is in stays in"
                assert close.reason
                self.codes[close.connection] = close.code
                self.room.handle_disconnected(self.now, close.connection)
            while (sent := self.ada.poll_transmit()) is not None:
                worked = True
                self.room.handle_frame(self.now, ADA_NUMBER, *sent)
            while self.ada.poll_event() is not None:
                pass
            assert self.ada.poll_close() is None

    def _write(self) -> bool:
        records = self.room.poll_append()
        if records:
            self.room.handle_durable(self.now, records[-1].seq)
        return bool(records)

    def end(self) -> None:
        """Ada is still there and Eve is not, unless she came in; who does not come in has two seconds."""
        was_in = self.has_eve
        if not was_in:
            self.seconds += 2.0
            self.room.handle_timeout(self.now)
            self.settle()
            assert self.codes[EVE_NUMBER] in PERMITTED_CODES, self.codes
        self.ada.say("still here")
        self.settle()
        assert len(self.room.people) == 1 + was_in
        assert self.ada.is_joined


def _settings(name: str, identity: Identity) -> PeerSettings:
    return PeerSettings(identity, blake2b_128("fuzz", name.encode()), name, INVITE, CAPABILITIES)


def on_lane(lane: Lane, message: Message) -> bytes:
    """A frame after the number of its lane."""
    return bytes((lane,)) + codec.encode(message)


# -- said to a room ----------------------------------------------------------------------------------------------------


def read_newcomer(data: bytes) -> None:
    """Whatever somebody says who has not proved who they are; a frame's first byte has its lane, and time goes by."""
    scene = Scene()
    for piece in pieces(data):
        if piece:
            scene.seconds += (piece[0] >> 3) / 64.0
            scene.say(Lane(piece[0] % len(Lane)), piece[1:])
    assert not scene.has_eve, "nobody comes in without a proof over the room's fresh nonce"
    scene.end()


class Claims(msgspec.Struct, array_like=True, frozen=True):
    """What somebody says of themselves who knows how to shake hands; `flaw` says what is wrong with the proof."""

    nonce: bytes
    name: str
    capabilities: list[str]
    invite: str
    resume_session: bytes
    resume_token: bytes
    last_seq: int
    heartbeat_ms: int
    flaw: int


_claims = msgspec.msgpack.Decoder(Claims)
_FLAWS = 4
"""None, another key's, over another challenge, twice."""


def read_claims(data: bytes) -> None:
    """A proper handshake with any claims: whoever comes in proved a key and had an invite."""
    try:
        claims = _claims.decode(data)
        hello = codec.encode(_hello(claims))
    except (msgspec.MsgspecError, OverflowError, UnicodeError):
        return
    scene = Scene()
    scene.say(Lane.CONTROL, hello)
    challenges = [frame for _, frame in scene.heard if isinstance(codec.decode_from_room(frame), SessionChallenge)]
    flaw = claims.flaw % _FLAWS
    if challenges:
        over = b"another" if flaw == 2 else challenges[0]
        signer = OWNER if flaw == 1 else EVE
        proof = codec.encode(SessionProof(signer.sign(proof_digest(hello, over)), claims.invite))
        scene.say(Lane.CONTROL, proof)
        if flaw == 3:
            scene.say(Lane.CONTROL, proof)
    if scene.has_eve:
        assert flaw == 0, "a key has to be proved"
        assert NONCE_BYTES_MIN <= len(claims.nonce) <= NONCE_BYTES_MAX
        assert is_plain_text(claims.name)
        [role] = [person.role for person in scene.room.people if person.author == EVE.public_key]
        assert role == role_of_invite(SECRET, claims.invite, scene.now.unix_ms)
    scene.end()


def _hello(claims: Claims) -> SessionHello:
    ours = protocol()
    return SessionHello(
        ours.version,
        ours.hash,
        claims.nonce,
        EVE.public_key,
        b"i" * 16,
        claims.name,
        claims.capabilities,
        claims.resume_session,
        claims.resume_token,
        claims.last_seq,
        claims.heartbeat_ms,
        ours.software,
    )


# -- said to a participant ---------------------------------------------------------------------------------------------


class Guest:
    """A participant with an invite, and what it says to whatever answers at the room's address."""

    def __init__(self) -> None:
        self.peer = Peer(_settings("Eve", EVE), Randomness(b"guest"))
        self.peer.handle_connected(Moment(0.0, 0))
        [(_, self.hello)] = self.said()
        self.close: tuple[int, str] | None = None
        self._turn = count(1)

    def said(self) -> list[tuple[Lane, bytes]]:
        """What it has to say."""
        found = []
        while (sent := self.peer.poll_transmit()) is not None:
            found.append(sent)
        return found

    def hear(self, lane: Lane, frame: bytes) -> list[Message]:
        """What it answers; it may hang up, and then it hears nothing more."""
        if self.close is not None:
            return []
        self.peer.handle_frame(Moment(next(self._turn) / 64.0, 0), lane, frame)
        while self.peer.poll_event() is not None:
            pass
        answers = [codec.decode_from_participant(frame) for _, frame in self.said()]
        self.close = self.peer.poll_close()
        held = self.peer._held
        assert len(held._frames) <= HELD_FRAMES_MAX
        assert held._bytes <= HELD_BYTES_MAX
        if self.close is not None and not self.peer.is_joined:
            assert self.close[0] in PERMITTED_CODES, self.close
            assert self.close[1]
        return answers


def read_room(data: bytes) -> None:
    """Whatever is answered to a hello: no room that proves nothing is shown an invite."""
    guest = Guest()
    for piece in pieces(data):
        if piece:
            answers = guest.hear(Lane(piece[0] % len(Lane)), piece[1:])
            assert not any(isinstance(each, SessionProof) for each in answers)
    assert not guest.peer.is_joined


class Challenge(msgspec.Struct, array_like=True, frozen=True):
    """What a room answers that knows how; `signer` says whose key signs it, and `shown` whose it shows."""

    nonce: bytes
    server: bytes
    room: bytes
    signer: int
    shown: int


_challenges = msgspec.msgpack.Decoder(Challenge)
_KEYS = (SECRET.identity, ELSEWHERE.identity, EVE)


def read_impostor(data: bytes) -> None:
    """A challenge with any names under any key, and then anything: the invite goes to its own room's key alone."""
    said_first, *rest = pieces(data) or [b""]
    try:
        said = _challenges.decode(said_first)
    except (msgspec.MsgspecError, UnicodeError):
        return
    guest = Guest()
    signer, shown = _KEYS[said.signer % len(_KEYS)], _KEYS[said.shown % len(_KEYS)].public_key
    signature = signer.sign(challenge_digest(guest.hello, said.nonce, shown, said.server, said.room))
    challenge = SessionChallenge(said.nonce, shown, said.server, said.room, signature)
    answers = guest.hear(Lane.CONTROL, codec.encode(challenge))
    if any(isinstance(each, SessionProof) for each in answers):
        assert shown == signer.public_key == SECRET.identity.public_key
        assert said.room == SECRET.room
        assert NONCE_BYTES_MIN <= len(said.nonce) <= NONCE_BYTES_MAX
    for piece in rest:
        if piece:
            guest.hear(Lane(piece[0] % len(Lane)), piece[1:])


READERS: tuple[Callable[[bytes], None], ...] = (read_newcomer, read_claims, read_room, read_impostor)


def read_anything(data: bytes) -> None:
    """One input."""
    read_by_first_byte(READERS, data)


class Seeded(NamedTuple):
    """What of a seed goes through: somebody who comes in, or a participant that is in."""

    data: bytes
    is_let_in: bool


def seeds() -> list[bytes]:
    """An input of each kind that goes far."""
    return [each.data for each in seeds_with_ends()]


def seeds_with_ends() -> list[Seeded]:
    """The same, each with where it ends."""
    good = Claims(b"n" * 32, "Eve", ["fold", "chat"], INVITE, b"", b"", 0, 0, 0)
    hello, proof = _hello(good), SessionProof(bytes(64), INVITE)
    ping = Ping(1, 0.0)
    said = [(Lane.CONTROL, hello), (Lane.CONTROL, proof), (Lane.COMMANDS, ping)]
    found = [Seeded(b"\0" + joined(*(on_lane(*each) for each in said)), False)]
    found.append(Seeded(b"\0" + joined(on_lane(Lane.CONTROL, ping)), False))
    found.append(Seeded(b"\0" + joined(on_lane(Lane.COMMANDS, hello)), False))
    resuming = msgspec.structs.replace(good, resume_session=b"s" * 16, resume_token=b"t" * 16, last_seq=1)
    foreign = msgspec.structs.replace(good, invite=make_invite(ELSEWHERE, "editor"))
    over = msgspec.structs.replace(good, invite=make_invite(SECRET, "editor", 1))
    shy = msgspec.structs.replace(good, nonce=b"", name="\n", heartbeat_ms=2**32 - 1)
    for claims in (good, resuming, foreign, over, shy, *(msgspec.structs.replace(good, flaw=n) for n in (1, 2, 3))):
        data = b"\1" + msgspec.msgpack.encode(claims)
        found.append(Seeded(data, claims in (good, resuming)))
    key = SECRET.identity.public_key
    unproved = SessionChallenge(b"c" * 32, key, SECRET.server, SECRET.room, bytes(64))
    acknowledge = _acknowledge()
    told = joined(on_lane(Lane.CONTROL, ping), on_lane(Lane.BULK, ping), on_lane(Lane.CONTROL, unproved))
    found.append(Seeded(b"\2" + told, False))
    found.append(Seeded(b"\2" + joined(on_lane(Lane.CONTROL, acknowledge)), False))
    for signer, shown, room in ((0, 0, SECRET.room), (1, 0, SECRET.room), (1, 1, ELSEWHERE.room)):
        answered = msgspec.msgpack.encode(Challenge(b"c" * 32, SECRET.server, room, signer, shown))
        rest = (on_lane(Lane.STATE, ping), on_lane(Lane.CONTROL, acknowledge), on_lane(Lane.CONTROL, ping))
        found.append(Seeded(b"\3" + joined(answered, *rest), signer == 0))
    return found


def _acknowledge() -> SessionAcknowledge:
    actor = Guest().peer.actor
    return SessionAcknowledge(
        b"s" * 16, b"t" * 16, actor, "viewer", list(CAPABILITIES), "fuzz", 0, 1, 0, 1, False, 2_000
    )


if __name__ == "__main__":
    run(sys.argv[1:], read_anything, seeds, CORPUS)
