/** At most half of the strongest: the rim of the view stays readable. */
export const FOVEATION = 0.5;

const FRAME_RATE_MIN = 72;
const FRAME_RATE_MAX = 90;

export interface SessionPorts {
  /** Draws to the headset from now on, until the session ends. */
  present(session: XRSession, foveation: number): Promise<void>;
  begun(session: XRSession): void;
  /** It is over, whoever ended it. */
  ended(): void;
  /** The headset shows something of its own; what is held should be let go of. */
  hidden(): void;
  /** The headset was put on again, or its own menu is gone. */
  shown(): void;
}

export interface SessionKeeper {
  readonly supported: Promise<boolean>;
  /** The session that is shown now. */
  readonly current: XRSession | null;
  /** Enters VR; call it from a click. Rejects with what the browser says when it can't. */
  enter(): Promise<void>;
  /** Leaves VR; resolves once the desktop is back. */
  leave(): Promise<void>;
}

/** Enters and leaves VR. The room doesn't notice: its connection belongs to the page. */
export function createSessionKeeper(system: XRSystem | undefined, ports: SessionPorts): SessionKeeper {
  let current: XRSession | null = null;
  let entering: Promise<void> | null = null;
  let leaving: Promise<void> | null = null;

  const begin = async (asked: Promise<XRSession>): Promise<void> => {
    const session = await asked;
    let over = false;
    session.addEventListener("end", () => {
      over = true;
      if (current !== session) return;
      current = null;
      ports.ended();
    });
    session.addEventListener("visibilitychange", () => {
      if (current !== session) return;
      if (session.visibilityState === "hidden") ports.hidden();
      else if (session.visibilityState === "visible") ports.shown();
    });
    try {
      await ports.present(session, FOVEATION);
    } catch (error) {
      if (!over) await session.end();
      throw error;
    }
    // The person may have taken the headset off while it started.
    if (over) return;
    current = session;
    ports.begun(session);
    void setFrameRate(session);
  };

  return {
    supported: isSupported(system),
    get current() {
      return current;
    },
    enter() {
      if (current) return Promise.resolve();
      if (!system) return Promise.reject(new DOMException("This browser has no WebXR.", "NotSupportedError"));
      // Asked for in the click's own task: a browser grants it to a gesture only.
      entering ??= begin(
        system.requestSession("immersive-vr", { requiredFeatures: ["local-floor"], optionalFeatures: ["hand-tracking", "layers"] }),
      ).finally(() => {
        entering = null;
      });
      return entering;
    },
    leave() {
      // A session that is ending already refuses to be ended.
      leaving ??= (current?.end() ?? Promise.resolve()).finally(() => {
        leaving = null;
      });
      return leaving;
    },
  };
}

/** The highest of the rates from 72 to 90 frames per second; null when there is none. */
export function frameRateOf(rates: Iterable<number> | null | undefined): number | null {
  const fitting = [...(rates ?? [])].filter((rate) => rate >= FRAME_RATE_MIN && rate <= FRAME_RATE_MAX);
  return fitting.length > 0 ? Math.max(...fitting) : null;
}

async function isSupported(system: XRSystem | undefined): Promise<boolean> {
  try {
    return (await system?.isSessionSupported("immersive-vr")) ?? false;
  } catch {
    // A page that may not use the headset (see Permissions-Policy) is told so by a rejection.
    return false;
  }
}

async function setFrameRate(session: XRSession): Promise<void> {
  const rate = frameRateOf(session.supportedFrameRates);
  if (rate === null || session.frameRate === rate) return;
  try {
    await session.updateTargetFrameRate?.(rate);
  } catch {
    // The headset's own choice is as good; it may have ended meanwhile, too.
  }
}
