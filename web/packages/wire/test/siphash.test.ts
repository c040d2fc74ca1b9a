import { nameId } from "@theta/wire";
import { expect, it } from "vitest";
import { identity } from "./vectors";

it("ID-6: a name is told by its SipHash-2-4", () => {
  expect(identity.name_ids.length).toBeGreaterThan(8);
  for (const { name, id } of identity.name_ids) expect(nameId(name), name).toBe(BigInt(id));
});
