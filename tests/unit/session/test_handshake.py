"""The two sides of the handshake, without a room."""

import msgspec
import pytest

from theta.base.errors import (
    BadNonce,
    BadProof,
    HandshakeTimeout,
    NotInvited,
    ProtocolError,
    ProtocolMismatch,
    WrongRoom,
)
from theta.base.identifiers import actor_of, blake2b_128, blake2b_256
from theta.base.limits import HANDSHAKE_NONCES_REMEMBERED
from theta.base.moment import Moment
from theta.base.randomness import Randomness
from theta.commands.identity import Identity, is_signed_by
from theta.session.capabilities import CAPABILITIES, intersect
from theta.session.host_handshake import Established, HostHandshake, HostTerms, resume_token
from theta.session.invites import make_invite
from theta.session.nonces import NonceMemory
from theta.session.participant_handshake import ParticipantHandshake, ParticipantTerms, Resumption
from theta.session.secret import RoomSecret
from theta.session.states import State
from theta.session.transcript import challenge_digest, proof_digest
from theta.session.upgrading import Protocol
from theta.wire.codec import decode_from_participant, decode_from_room, encode
from theta.wire.messages import Ping, SessionAcknowledge, SessionChallenge, SessionHello, SessionProof

SECRET = RoomSecret(b"s" * 32)
OWNER = Identity.from_seed(b"o" * 32)
ADA = Identity.from_seed(b"a" * 32)
PROTOCOL = Protocol(1, b"h" * 16, "1.2.3")
TERMS = HostTerms(SECRET, OWNER.public_key, PROTOCOL)
NOW = Moment(10.0, 1_000)
NEW = Resumption()


def _participant(**changes: object) -> ParticipantTerms:
    terms = ParticipantTerms(ADA, b"i" * 16, "Ada", ("fold", "chat"), PROTOCOL, make_invite(SECRET, "editor"))
    return terms._replace(**changes)  # type: ignore[arg-type]


def _host() -> HostHandshake:
    return HostHandshake(TERMS, Randomness(b"room"), NOW)


def _shake(terms: ParticipantTerms, resumption: Resumption = NEW) -> tuple[Established, ParticipantHandshake]:
    host, guest = _host(), ParticipantHandshake(terms, resumption, Randomness(b"guest"))
    challenge_frame = encode(host.handle_hello(decode_from_participant(guest.hello_frame), guest.hello_frame))
    host.handle_sent(challenge_frame)
    proof_frame = guest.handle_frame(decode_from_room(challenge_frame), challenge_frame)
    assert proof_frame is not None
    return host.handle_proof(decode_from_participant(proof_frame)), guest


def _acknowledge(**changes: object) -> SessionAcknowledge:
    actor = actor_of(ADA.public_key, b"i" * 16)
    good = SessionAcknowledge(
        bytes(16), bytes(16), actor, "editor", ["fold", "chat"], "studio", 0, 1, 0, 1, False, 2000
    )
    return msgspec.structs.replace(good, **changes)


def test_ses_1_both_sides_go_through_it_in_order() -> None:
    established, guest = _shake(_participant())
    assert established == Established(ADA.public_key, b"i" * 16, "Ada", ["fold", "chat"], "editor", b"", 0)
    assert guest.handle_frame(_acknowledge(), b"") is None
    assert guest.acknowledge == _acknowledge()


def test_ses_1_anything_out_of_place_is_refused_on_both_sides() -> None:
    guest = ParticipantHandshake(_participant(), Resumption(), Randomness(b"guest"))
    with pytest.raises(ProtocolError, match="SessionAcknowledge came out of place"):
        guest.handle_frame(_acknowledge(), b"")
    host = _host()
    with pytest.raises(ProtocolError, match="expected SessionProof next"):
        host.handle_proof(SessionProof(bytes(64), ""))
    with pytest.raises(ProtocolError, match="expected SessionHello first"):
        host.handle_hello(Ping(1, 0.0), b"")
    hello = decode_from_participant(guest.hello_frame)
    frame = encode(host.handle_hello(hello, guest.hello_frame))
    with pytest.raises(ProtocolError):
        host.handle_hello(hello, guest.hello_frame)
    with pytest.raises(ProtocolError):
        host.handle_proof(Ping(1, 0.0))
    assert (host.session.state, guest.session.state) == (State.PROOF, State.CHALLENGE)
    guest.handle_frame(decode_from_room(frame), frame)
    with pytest.raises(ProtocolError):
        guest.handle_frame(decode_from_room(frame), frame)


def test_ses_2_versions_manifests_and_names_are_checked() -> None:
    hello = decode_from_participant(ParticipantHandshake(_participant(), Resumption(), Randomness(b"g")).hello_frame)
    assert isinstance(hello, SessionHello)
    for changes, error, words in (
        ({"protocol_version": 0}, ProtocolMismatch, "install theta-engine 1.2.3"),
        ({"protocol_version": 9}, ProtocolMismatch, "upgrade theta-engine where the room runs"),
        ({"protocol_hash": bytes(16)}, ProtocolMismatch, "two builds of Theta 1.2.3 differ"),
        ({"name": "a\tb"}, ProtocolError, "name"),
        ({"client_nonce": b""}, BadNonce, "participant's nonce has 0 bytes"),
    ):
        host = _host()
        with pytest.raises(error, match=words):
            host.handle_hello(msgspec.structs.replace(hello, **changes), b"")
        assert host.session.state is State.HELLO


@pytest.mark.parametrize("length", [0, 15, 33])
def test_ses_2_a_room_with_a_bad_nonce_is_refused(length: int) -> None:
    guest = ParticipantHandshake(_participant(), Resumption(), Randomness(b"guest"))
    challenge = SessionChallenge(bytes(length), SECRET.identity.public_key, SECRET.server, SECRET.room, bytes(64))
    with pytest.raises(BadNonce, match="room's nonce"):
        guest.handle_frame(challenge, encode(challenge))


def test_ses_2_a_nonce_that_came_before_is_refused_by_both_sides() -> None:
    seen, told = NonceMemory("participant"), NonceMemory("room")
    guest = ParticipantHandshake(_participant(), NEW, Randomness(b"guest"), nonces=told)
    hello = decode_from_participant(guest.hello_frame)
    challenge = HostHandshake(TERMS, Randomness(b"room"), NOW, seen).handle_hello(hello, guest.hello_frame)
    with pytest.raises(BadNonce, match="participant's nonce was used before"):
        HostHandshake(TERMS, Randomness(b"another"), NOW, seen).handle_hello(hello, guest.hello_frame)
    guest.handle_frame(challenge, encode(challenge))
    again = ParticipantHandshake(_participant(), NEW, Randomness(b"again"), nonces=told)
    repeated = HostHandshake(TERMS, Randomness(b"room"), NOW, seen).handle_hello(
        decode_from_participant(again.hello_frame), again.hello_frame
    )
    assert repeated.server_nonce == challenge.server_nonce
    with pytest.raises(BadNonce, match="room's nonce was used before"):
        again.handle_frame(repeated, encode(repeated))


def test_ses_2_of_nonces_the_latest_are_remembered() -> None:
    memory = NonceMemory("participant")
    nonces = [number.to_bytes(16, "little") for number in range(HANDSHAKE_NONCES_REMEMBERED + 1)]
    for nonce in nonces:
        memory.take(nonce)
    memory.take(nonces[0])
    for nonce in (nonces[2], nonces[-1]):
        with pytest.raises(BadNonce, match="used before"):
            memory.take(nonce)


@pytest.mark.parametrize(("wish", "agreed"), [(None, 1.5), (0.5, 0.5), (4.0, 4.0), (0.01, 0.25), (60.0, 4.0)])
def test_ses_17_the_participant_says_how_often_both_ping_and_else_the_room(wish: float | None, agreed: float) -> None:
    host = HostHandshake(TERMS._replace(heartbeat_seconds=1.5), Randomness(b"room"), NOW)
    guest = ParticipantHandshake(_participant(heartbeat_seconds=wish), NEW, Randomness(b"guest"))
    frame = encode(host.handle_hello(decode_from_participant(guest.hello_frame), guest.hello_frame))
    host.handle_sent(frame)
    proof = guest.handle_frame(decode_from_room(frame), frame)
    assert proof is not None
    assert host.handle_proof(decode_from_participant(proof)).heartbeat_seconds == agreed


@pytest.mark.parametrize("milliseconds", [0, 249, 4_001, 2**32 - 1])
def test_ses_17_an_interval_out_of_the_limits_is_not_taken_from_a_room(milliseconds: int) -> None:
    _, guest = _shake(_participant())
    with pytest.raises(ProtocolError, match=r"heartbeat_seconds.*0\.25 to 4 s"):
        guest.handle_frame(_acknowledge(heartbeat_ms=milliseconds), b"")
    assert guest.session.state is State.ACKNOWLEDGE


def test_ses_2_nonces_are_fresh() -> None:
    randomness = Randomness(b"guest")
    frames = {ParticipantHandshake(_participant(), Resumption(), randomness).hello_frame for _ in range(10)}
    assert len(frames) == 10


def test_ses_3_the_room_signs_everything_said_so_far() -> None:
    guest = ParticipantHandshake(_participant(), Resumption(), Randomness(b"guest"))
    challenge = _host().handle_hello(decode_from_participant(guest.hello_frame), guest.hello_frame)
    key = SECRET.identity.public_key
    digest = blake2b_256(
        "theta-challenge", guest.hello_frame, challenge.server_nonce, key, challenge.server, challenge.room
    )
    assert is_signed_by(key, digest, challenge.signature)
    assert challenge.server == blake2b_128("theta-server", key)
    assert challenge.room == blake2b_128("theta-room", key)
    assert digest == challenge_digest(guest.hello_frame, challenge.server_nonce, key, challenge.server, challenge.room)
    for changes in (
        {"signature": bytes(64)},
        {"server_nonce": bytes(32)},
        {"server": bytes(16)},
        {"room": bytes(16)},
        {"room_key": OWNER.public_key},
    ):
        forged = msgspec.structs.replace(challenge, **changes)
        with pytest.raises(BadProof, match="did not prove"):
            guest.handle_frame(forged, encode(forged))
        assert guest.challenge is None


def test_ses_3_a_known_room_cannot_be_another() -> None:
    _shake(_participant(room_key=SECRET.identity.public_key))
    with pytest.raises(WrongRoom, match="another room"):
        _shake(_participant(room_key=OWNER.public_key))


def test_ses_13_an_invite_is_shown_to_no_other_room_than_its_own() -> None:
    elsewhere = RoomSecret(b"e" * 32)
    for invite in (make_invite(elsewhere, "admin"), make_invite(elsewhere, "viewer")):
        guest = ParticipantHandshake(_participant(invite=invite), Resumption(), Randomness(b"guest"))
        frame = encode(_host().handle_hello(decode_from_participant(guest.hello_frame), guest.hello_frame))
        with pytest.raises(WrongRoom, match="was not shown the invite"):
            guest.handle_frame(decode_from_room(frame), frame)
        assert guest.challenge is None


def test_ses_13_a_room_cannot_borrow_the_id_of_another() -> None:
    """An impostor signs a challenge with its own key and the id that the invite names."""
    impostor = RoomSecret(b"i" * 32)
    guest = ParticipantHandshake(_participant(), Resumption(), Randomness(b"guest"))
    terms = (bytes(32), impostor.identity.public_key, impostor.server, SECRET.room)
    signature = impostor.identity.sign(challenge_digest(guest.hello_frame, *terms))
    challenge = SessionChallenge(*terms, signature)
    with pytest.raises(BadProof, match="an id that is not its key's"):
        guest.handle_frame(challenge, encode(challenge))


@pytest.mark.parametrize("garbled", ["x", make_invite(SECRET, "editor") + "A", make_invite(SECRET, "editor")[:-1]])
def test_ses_13_an_invite_that_names_no_room_is_shown_to_none(garbled: str) -> None:
    guest = ParticipantHandshake(_participant(invite=garbled), Resumption(), Randomness(b"guest"))
    frame = encode(_host().handle_hello(decode_from_participant(guest.hello_frame), guest.hello_frame))
    proof = guest.handle_frame(decode_from_room(frame), frame)
    assert proof is not None
    message = decode_from_participant(proof)
    assert isinstance(message, SessionProof)
    assert message.invite == ""


def test_ses_4_the_participant_signs_hello_and_challenge_as_sent() -> None:
    host, guest = _host(), ParticipantHandshake(_participant(), Resumption(), Randomness(b"guest"))
    frame = encode(host.handle_hello(decode_from_participant(guest.hello_frame), guest.hello_frame))
    proof = guest.handle_frame(decode_from_room(frame), frame)
    assert proof is not None
    message = decode_from_participant(proof)
    assert isinstance(message, SessionProof)
    assert is_signed_by(ADA.public_key, blake2b_256("theta-proof", guest.hello_frame, frame), message.signature)
    assert proof_digest(guest.hello_frame, frame) == blake2b_256("theta-proof", guest.hello_frame, frame)
    host.handle_sent(frame + b"!")
    with pytest.raises(BadProof):
        host.handle_proof(message)


def test_ses_14_the_rooms_dictionary_is_among_the_capabilities_when_both_have_it() -> None:
    ours, theirs = "dictionary-0000aaaa-000000000000", "dictionary-0000bbbb-000000000000"
    assert intersect(["zstd", theirs, ours, "fold"], (ours,)) == ["fold", "zstd", ours]
    assert intersect(["zstd", theirs, "fold"], (ours,)) == ["fold", "zstd"]
    assert intersect([ours, "fold"], (ours,)) == ["fold"]
    assert intersect([ours, "zstd", "fold"]) == ["fold", "zstd"]


def test_ses_5_capabilities_are_intersected_in_a_fixed_order() -> None:
    assert intersect(["chat", "telepathy", "fold", "chat"]) == ["fold", "chat"]
    assert intersect(["presence", "patches"]) == ["patches", "presence"]
    for offered in ([], ["chat"], list(CAPABILITIES)):
        with pytest.raises(ProtocolMismatch):
            intersect(offered)


def test_ses_7_the_owner_is_admin_without_an_invite_and_others_are_not() -> None:
    established, _ = _shake(_participant(identity=OWNER, invite=""))
    assert established.role == "admin"
    with pytest.raises(NotInvited, match="needs an invite"):
        _shake(_participant(invite=""))


def test_ses_8_an_acknowledgement_is_for_this_actor_and_what_it_offered() -> None:
    _, guest = _shake(_participant())
    with pytest.raises(ProtocolError, match="another actor"):
        guest.handle_frame(_acknowledge(actor=1), b"")
    with pytest.raises(ProtocolError, match="not offered"):
        guest.handle_frame(_acknowledge(capabilities=["fold", "presence"]), b"")
    assert guest.acknowledge is None


def test_ses_10_a_session_is_resumed_by_its_token_and_key() -> None:
    session = b"S" * 16
    token = resume_token(SECRET, session, ADA.public_key)
    established, _ = _shake(_participant(), Resumption(session, token, 7))
    assert (established.resume_session, established.last_seq) == (session, 7)
    uninvited, _ = _shake(_participant(invite=""), Resumption(session, token))
    assert (uninvited.resume_session, uninvited.role) == (session, None)
    for bad in (Resumption(session, bytes(16)), Resumption(session, b""), Resumption(b"T" * 16, token)):
        established, _ = _shake(_participant(), bad)
        assert established.resume_session == b""
    with pytest.raises(NotInvited):
        _shake(_participant(identity=Identity.from_seed(b"e" * 32), invite=""), Resumption(session, token))


def test_ses_11_time_runs_out_after_two_seconds() -> None:
    host = _host()
    host.check_deadline(Moment(11.99, 0))
    with pytest.raises(HandshakeTimeout, match="over 2 s"):
        host.check_deadline(Moment(12.0, 0))


def test_a_secret_does_not_show_itself() -> None:
    assert (b"s" * 32).hex() not in repr(SECRET)
    assert repr(SECRET).startswith("RoomSecret(")
