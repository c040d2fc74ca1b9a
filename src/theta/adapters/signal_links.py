"""The links of a peer at a signalling server: a negotiation for each, and its attempts as ports for WebRTC."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from theta.adapters.alarm import Alarm
from theta.adapters.host import machine_clock
from theta.adapters.signal_client import SignalClient
from theta.adapters.webrtc_signals import Candidate, Description, Signal
from theta.base.errors import PeerError, SignalingFailed
from theta.base.moment import Moment
from theta.signaling.negotiation import (
    Abandon,
    AddCandidate,
    MakeAnswer,
    MakeOffer,
    Negotiation,
    NegotiationEvent,
    TakeAnswer,
    is_polite,
)
from theta.signaling.participant import SignalEvent
from theta.wire.signal_messages import (
    SIGNAL_RELAYED,
    IceServer,
    SignalIceServers,
    SignalPeerLeft,
    SignalRefused,
    SignalWelcome,
)


class SignalAttempt:
    """One attempt at a peer connection, as `theta.adapters.webrtc_signals.SignalPort` has it.

    `peer` is the other side's number and `offers` whether this side makes the offer.
    """

    def __init__(self, links: "SignalLinks", negotiation: Negotiation, number: int, *, offers: bool) -> None:
        self.peer = negotiation.peer
        self.number = number
        self.offers = offers
        self._links = links
        self._negotiation = negotiation
        self._arrived: deque[Signal] = deque()
        self._failure: SignalingFailed | None = None
        self._changed = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """Whether it was overtaken or has failed."""
        return self._failure is not None

    async def send(self, signal: Signal) -> None:
        """Hand a signal on to the other end.

        Raises:
            SignalingFailed: the attempt is over.
        """
        self._check()
        now = self._links.now
        if isinstance(signal, Description):
            self._negotiation.handle_description(now, self.number, signal.sdp)
        else:
            self._negotiation.handle_candidate(now, self.number, signal.text, signal.mid)
        self._links.pump(self._negotiation)

    async def receive(self) -> Signal:
        """The next signal of the other end; those that came before the attempt was over are given out first.

        Raises:
            SignalingFailed: the attempt is over.
        """
        while not self._arrived:
            self._check()
            self._changed.clear()
            await self._changed.wait()
        return self._arrived.popleft()

    def stand(self) -> None:
        """The peer connection stands: from now on it does not need the signalling server any more."""
        self._negotiation.handle_connected(self._links.now, self.number)
        self._links.pump(self._negotiation)

    def fail(self, reason: str) -> None:
        """The peer connection failed, or broke down; the other side is told."""
        self._negotiation.handle_failed(self._links.now, self.number, reason)
        self._links.pump(self._negotiation)

    def take(self, signal: Signal) -> None:
        """The other end has sent a signal."""
        self._arrived.append(signal)
        self._changed.set()

    def end(self, failure: SignalingFailed) -> None:
        """It is over."""
        self._failure = failure
        self._changed.set()

    def _check(self) -> None:
        if self._failure is not None:
            raise SignalingFailed(self._failure.reason, self._failure.close_code)


class SignalLinks:
    """Negotiates with the peers at the other ends: a guest with its host, a host with its guests.

    `run` has to run meanwhile. What `next_attempt` gives is to be made a peer connection of.

    Args:
        client: open.
        clock: reads the time; the machine's by default.
    """

    def __init__(self, client: SignalClient, *, clock: Callable[[], Moment] = machine_clock) -> None:
        self._client = client
        self._clock = clock
        self._links: dict[int, Negotiation] = {}
        self._attempts: dict[int, SignalAttempt] = {}
        self._waiting: dict[int, SignalAttempt] = {}
        self._news = asyncio.Event()
        self._failure: SignalingFailed | None = None
        self._alarm = Alarm(self._handle_timeout)
        self.ice_servers: list[IceServer] = []
        """STUN and TURN servers, with credentials that serve now."""
        self.relay_only = False
        """Whether the signalling server's operator wants TURN only."""
        if client.participant.welcome is not None:
            self._take_up(client.participant.welcome)

    @property
    def now(self) -> Moment:
        """The time."""
        return self._clock()

    @property
    def has_attempt(self) -> bool:
        """Whether `next_attempt` has one to give at once."""
        return bool(self._waiting)

    def start(self, peer: int) -> None:
        """Begin an attempt with a peer that is there, unless one is under way; `next_attempt` gives it."""
        negotiation = self._link(peer)
        negotiation.start(self.now)
        self.pump(negotiation)

    async def next_attempt(self) -> SignalAttempt:
        """The next attempt, of one's own or because the other side offered.

        Raises:
            SignalingFailed: the connection to the signalling server has ended for good.
        """
        while not self._waiting:
            if self._failure is not None:
                raise SignalingFailed(self._failure.reason, self._failure.close_code)
            self._news.clear()
            await self._news.wait()
        return self._waiting.pop(next(iter(self._waiting)))

    async def run(self) -> None:
        """Take what the server tells until its connection has ended for good, which `next_attempt` says."""
        failure = SignalingFailed("this side has left the signalling server")
        try:
            while True:
                self._handle(await self._client.receive())
        except SignalingFailed as end:
            failure = end
        finally:
            self._failure = failure
            for peer in list(self._attempts):
                self._end(peer, failure)
            self._news.set()
            self._alarm.set(None, 0.0)

    def pump(self, negotiation: Negotiation) -> None:
        """Carry out what a negotiation wants."""
        while (event := negotiation.poll_event()) is not None:
            self._carry_out(negotiation, event)
        while (message := negotiation.poll_transmit()) is not None:
            # Whoever has lost the server hears of it from `receive`.
            with suppress(SignalingFailed):
                self._client.send(message)
        deadlines = [each for link in self._links.values() if (each := link.poll_timeout()) is not None]
        self._alarm.set(min(deadlines, default=None) if self._failure is None else None, self.now.seconds)

    # -- in ----------------------------------------------------------------------------------------------------------

    def _handle(self, event: SignalEvent) -> None:
        if isinstance(event, SignalWelcome | SignalIceServers):
            self._take_up(event)
        elif isinstance(event, SignalPeerLeft):
            negotiation = self._links.pop(event.peer, None)
            if negotiation is not None:
                negotiation.handle_peer_left(self.now)
                self.pump(negotiation)
                self._end(event.peer, SignalingFailed("the other side has left the signalling server"))
        elif isinstance(event, SIGNAL_RELAYED):
            self._relay(event.peer, lambda negotiation: negotiation.handle_message(self.now, event))
        elif isinstance(event, SignalRefused):
            reason = f"the signalling server refused a message: {event.reason}"
            self._relay(event.peer, lambda negotiation: negotiation.handle_failed(self.now, event.attempt, reason))

    def _relay(self, peer: int, handle: Callable[[Negotiation], None]) -> None:
        """Something about a link; a peer that breaks its rules loses the attempt and no more."""
        if peer not in self._client.participant.others:
            return
        negotiation = self._link(peer)
        try:
            handle(negotiation)
        except PeerError as error:
            if negotiation.is_under_way:
                negotiation.handle_failed(self.now, negotiation.attempt, str(error))
        self.pump(negotiation)

    def _take_up(self, told: SignalWelcome | SignalIceServers) -> None:
        self.ice_servers = list(told.ice_servers)
        if isinstance(told, SignalWelcome):
            self.relay_only = told.relay_only

    def _link(self, peer: int) -> Negotiation:
        participant = self._client.participant
        if peer not in self._links:
            assert participant.welcome is not None
            own = participant.welcome.peer
            polite = is_polite(own, peer, host=own if participant.is_host else peer)
            self._links[peer] = Negotiation(peer, polite=polite)
        return self._links[peer]

    # -- out ---------------------------------------------------------------------------------------------------------

    def _carry_out(self, negotiation: Negotiation, event: NegotiationEvent) -> None:
        peer = negotiation.peer
        if isinstance(event, MakeOffer | MakeAnswer):
            # Of one that stands there is nothing more to say.
            self._end(peer, SignalingFailed("a newer attempt has begun"))
            attempt = SignalAttempt(self, negotiation, event.attempt, offers=isinstance(event, MakeOffer))
            self._attempts[peer] = self._waiting[peer] = attempt
            if isinstance(event, MakeAnswer):
                attempt.take(Description("offer", event.sdp))
            self._news.set()
        elif isinstance(event, TakeAnswer):
            self._attempts[peer].take(Description("answer", event.sdp))
        elif isinstance(event, AddCandidate):
            self._attempts[peer].take(Candidate(event.candidate, event.mid))
        elif isinstance(event, Abandon):
            self._end(peer, SignalingFailed("another attempt has overtaken this one"))
        else:
            self._end(peer, event.error)

    def _end(self, peer: int, failure: SignalingFailed) -> None:
        attempt = self._attempts.pop(peer, None)
        if attempt is not None:
            attempt.end(failure)
            # Of the other side's nobody needs to hear any more; one's own is waited for.
            if self._waiting.get(peer) is attempt and not attempt.offers:
                del self._waiting[peer]

    def _handle_timeout(self) -> None:
        for negotiation in list(self._links.values()):
            negotiation.handle_timeout(self.now)
            self.pump(negotiation)
