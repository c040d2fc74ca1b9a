export { startApp } from "./start";
export { createMemory, inviteFrom, takeInvite, type Memory } from "./storage";
