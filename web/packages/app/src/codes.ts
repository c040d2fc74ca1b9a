import { exchangeCode, readCode } from "@theta/client";

/** An invite, or why there is none, in words. */
export type Redeemed = { readonly invite: string } | { readonly problem: string };

const PROBLEMS = {
  wrong: "That is not this room's code. Look again at what “theta serve” printed.",
  "too-many": "Too many codes were tried. Wait a few seconds, or open the link instead.",
  unreachable: "The room doesn't answer. Is it still open?",
} as const;

/** Makes an invite of what a link or a person gave: a code is exchanged at the room, an invite is one already. */
export async function redeem(given: string, exchange = exchangeCode): Promise<Redeemed> {
  const code = readCode(given);
  if (code === null) return { invite: given };
  const answer = await exchange(code);
  return "invite" in answer ? answer : { problem: PROBLEMS[answer.problem] };
}
