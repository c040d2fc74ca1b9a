export * from "./transport";
export { createMemoryTransport } from "./memory";
export { createWebSocketTransport, type Socket } from "./websocket";
