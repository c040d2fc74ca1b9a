// For tests: ends the page's transports from within, and lets it have no more of a kind.
(() => {
  const blocked = new Set();
  const sessions = [];
  const channels = [];
  const sockets = [];
  const wrap = (kind, Original, made) =>
    new Proxy(Original, {
      construct(target, parameters) {
        if (blocked.has(kind) && !String(parameters[0]).endsWith("/signal")) throw new Error(`${kind} is blocked by the test`);
        const instance = new target(...parameters);
        made(instance);
        return instance;
      },
    });
  window.WebTransport = wrap("webtransport", WebTransport, (session) => sessions.push(session));
  window.RTCPeerConnection = wrap("webrtc", RTCPeerConnection, (peer) => {
    const make = peer.createDataChannel.bind(peer);
    peer.createDataChannel = (...parameters) => {
      const channel = make(...parameters);
      channels.push(channel);
      return channel;
    };
  });
  window.WebSocket = wrap("websocket", WebSocket, (socket) => sockets.push(socket));
  window.switches = {
    block: (...kinds) => kinds.forEach((kind) => blocked.add(kind)),
    allow: (...kinds) => kinds.forEach((kind) => blocked.delete(kind)),
    cut: {
      webtransport: () => sessions.at(-1).close(),
      webrtc: () => channels.at(-1).close(),
      websocket: () => sockets.at(-1).close(),
    },
  };
})();
