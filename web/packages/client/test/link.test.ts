import { describe, expect, it, test } from "vitest";
import { exchangeCode, isInviteTo, readCode, roomOfInvite } from "../src/link";
import { inviteTo } from "./fake-room";

const ROOM = Uint8Array.from({ length: 16 }, (_, index) => index * 16);
const INVITE = inviteTo(ROOM);

describe("an invite", () => {
  it("SES-7: names its room, when it is whole and of this version", () => {
    expect(INVITE).toHaveLength(46);
    expect(roomOfInvite(INVITE)).toEqual(ROOM);
    expect(isInviteTo(INVITE, ROOM)).toBe(true);
    expect(isInviteTo(INVITE, new Uint8Array(16))).toBe(false);
  });

  it("SES-7: names its room too when it says when it ends", () => {
    const ending = "AwEAaOXPiwEAAJcQYnpwD7JVicsZLvdlV1jYPDZUOa78sQS_Am-1XUEY";
    expect(Buffer.from(roomOfInvite(ending) ?? []).toString("hex")).toBe("d83c365439aefcb104bf026fb55d4118");
    expect(roomOfInvite(ending.slice(0, 46))).toBe(null);
    expect(roomOfInvite(`${ending}A`)).toBe(null);
  });

  test.each([
    "",
    "token",
    INVITE.slice(0, -1),
    `${INVITE}A`,
    `${INVITE}==`,
    ` ${INVITE}`,
    `${INVITE.slice(0, -1)}é`,
    INVITE.replace(/^A/, "B"),
    INVITE.slice(0, -1) + String.fromCharCode(INVITE.charCodeAt(45) + 1),
    "A".repeat(46),
    "A".repeat(1000),
  ])("SES-7: %j names none", (token) => {
    expect(roomOfInvite(token)).toBe(null);
    expect(isInviteTo(token, ROOM)).toBe(false);
  });
});

describe("a code", () => {
  test.each([
    ["K7QM-2RWD", "K7QM2RWD"],
    ["k7qm2rwd", "K7QM2RWD"],
    [" k7qm 2rwd ", "K7QM2RWD"],
    ["o0il-1LOI", "00111101"],
    ["K7QM-2RW", null],
    ["K7QM-2RWDD", null],
    ["K7QM-2RWU", null],
    ["K7QM-2RWé", null],
    ["", null],
    [INVITE, null],
  ])("SES-12: %j reads as %j", (typed, code) => {
    expect(readCode(typed)).toBe(code);
  });

  const answering =
    (status: number, body: unknown, asked: unknown[] = []): typeof fetch =>
    (url, options) => {
      asked.push([url, options?.method, options?.body]);
      return Promise.resolve(new Response(JSON.stringify(body), { status }));
    };

  it("SES-12: is exchanged for an invite", async () => {
    const asked: unknown[] = [];
    expect(await exchangeCode("K7QM2RWD", answering(200, { invite: INVITE }, asked))).toEqual({ invite: INVITE });
    expect(asked).toEqual([["/api/invite", "POST", '{"code":"K7QM2RWD"}']]);
  });

  it("says why there is none", async () => {
    expect(await exchangeCode("K7QM2RWD", answering(403, {}))).toEqual({ problem: "wrong" });
    expect(await exchangeCode("K7QM2RWD", answering(429, {}))).toEqual({ problem: "too-many" });
    const unreachable: (typeof fetch)[] = [
      answering(500, {}),
      answering(404, {}),
      answering(200, { invite: "no invite" }),
      answering(200, { invite: 7 }),
      answering(200, null),
      () => Promise.reject(new TypeError("Failed to fetch")),
    ];
    for (const ask of unreachable) expect(await exchangeCode("K7QM2RWD", ask)).toEqual({ problem: "unreachable" });
  });
});
