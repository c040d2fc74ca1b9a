"""How the end of a QUIC connection is told: two transports with no sockets, whose packets the test passes on."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aioquic.quic.packet import QuicErrorCode, QuicFrameType

from tests.contract.transport_contract import end_of, soon
from tests.support.certificates import make_certificate
from theta.adapters.client.driver import PASSING_CODES
from theta.adapters.quic_configuration import participant_configuration, room_configuration
from theta.adapters.quic_connection import BoundedConnection
from theta.adapters.quic_transport import QuicTransport
from theta.adapters.transport import CLOSE_LOST
from theta.base.errors import ProtocolError
from theta.base.limits import HANDSHAKE_SECONDS_MAX

ROOM, PARTICIPANT = ("room", 1), ("participant", 2)
SHORT_SECONDS = 0.05
"""Over before aioquic sends anything a second time."""

PASSING = (
    QuicErrorCode.NO_ERROR,
    QuicErrorCode.INTERNAL_ERROR,
    QuicErrorCode.CONNECTION_REFUSED,
    QuicErrorCode.APPLICATION_ERROR,
    QuicErrorCode.AEAD_LIMIT_REACHED,
    QuicErrorCode.NO_VIABLE_PATH,
)


class Both:
    """Both ends. Of what the participant sends once its handshake is done, nothing arrives where it `is_cut_off`."""

    def __init__(self, folder: Path, *, is_cut_off: bool = False, room_seconds: float = HANDSHAKE_SECONDS_MAX) -> None:
        self._is_cut_off = is_cut_off
        self._loop = asyncio.get_running_loop()
        connection = BoundedConnection(configuration=participant_configuration("localhost", verify=False))
        self.room_connection = BoundedConnection(
            configuration=room_configuration(*make_certificate(folder)),
            original_destination_connection_id=connection.original_destination_connection_id,
        )
        self.participant = QuicTransport(
            connection, is_room=False, send_packet=self._to_room, handshake_seconds=HANDSHAKE_SECONDS_MAX
        )
        self.room = QuicTransport(
            self.room_connection, is_room=True, send_packet=self._to_participant, handshake_seconds=room_seconds
        )
        self.participant.begin(ROOM)

    def _to_room(self, packet: bytes, address: Any) -> None:
        if not (self._is_cut_off and self.participant.is_open):
            self._loop.call_soon(self.room.handle_packet, packet, PARTICIPANT)

    def _to_participant(self, packet: bytes, address: Any) -> None:
        self._loop.call_soon(self.participant.handle_packet, packet, ROOM)

    def abandon(self) -> None:
        """Have no timer outlive the test."""
        self.participant.abandon()
        self.room.abandon()


async def test_trn_13_who_opens_while_the_room_gives_up_may_come_again(tmp_path: Path) -> None:
    both = Both(tmp_path, is_cut_off=True, room_seconds=SHORT_SECONDS)
    await soon(both.participant.opened())
    end = await end_of(both.participant)
    assert not both.room.is_open, "the end of the handshake never arrived"
    assert (end.close_code, end.reason) == (CLOSE_LOST, "the connection was lost")
    assert end.close_code in PASSING_CODES
    both.abandon()


@pytest.mark.parametrize("error", [each for each in QuicErrorCode if each is not QuicErrorCode.CRYPTO_ERROR])
async def test_trn_13_an_error_by_which_nobody_broke_a_rule_is_told_as_lost(
    tmp_path: Path, error: QuicErrorCode
) -> None:
    both = Both(tmp_path)
    await soon(both.participant.opened())
    await soon(both.room.opened())
    both.room_connection.close(error_code=error, frame_type=QuicFrameType.PADDING)
    both.room._pump.tick()
    end = await end_of(both.participant)
    assert end.close_code == (CLOSE_LOST if error in PASSING else ProtocolError.close_code)
    assert error in PASSING or end.reason == f"QUIC: error {error:#x}"
    both.abandon()
