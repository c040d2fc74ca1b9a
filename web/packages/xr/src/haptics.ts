/** What a hand feels. */
export type Tick = "select" | "snap" | "refusal";

const TICKS: Record<Tick, { readonly strength: number; readonly milliseconds: number }> = {
  select: { strength: 0.35, milliseconds: 18 },
  snap: { strength: 0.5, milliseconds: 25 },
  refusal: { strength: 0.9, milliseconds: 90 },
};

/** Of a gamepad's actuators, what browsers have in one form or the other. */
interface Actuator {
  pulse?(strength: number, milliseconds: number): Promise<unknown>;
  playEffect?(type: "dual-rumble", effect: { duration: number; strongMagnitude: number; weakMagnitude: number }): Promise<unknown>;
}

interface Buzzing {
  readonly hapticActuators?: readonly Actuator[];
  readonly vibrationActuator?: Actuator | null;
}

/** Lets a hand feel a tick; silent where there is nothing that could buzz. */
export function tick(source: Pick<XRInputSource, "gamepad"> | null, kind: Tick): void {
  const gamepad = source?.gamepad as unknown as Buzzing | undefined;
  const actuator = gamepad?.hapticActuators?.[0] ?? gamepad?.vibrationActuator;
  if (!actuator) return;
  const { strength, milliseconds } = TICKS[kind];
  const done = actuator.pulse
    ? actuator.pulse(strength, milliseconds)
    : actuator.playEffect?.("dual-rumble", { duration: milliseconds, strongMagnitude: strength, weakMagnitude: strength });
  // A headset that was taken off refuses; nothing is lost then.
  done?.catch?.(() => undefined);
}
