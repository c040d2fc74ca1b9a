// Puts an emulated Quest 3 on before the page's own scripts run, and gives tests hands to move: `window.headset`.
// Places are metres on the emulated person's own floor, unless they are said to be in the world.
(() => {
  const device = new IWER.XRDevice(IWER.metaQuest3, { stereoEnabled: true });
  device.installRuntime({ forceInstall: true });
  const STICK = "thumbstick";
  const pulses = [];
  for (const [side, { inputSource }] of Object.entries(device.controllers)) {
    for (const actuator of inputSource.gamepad.hapticActuators) {
      const pulse = actuator.pulse.bind(actuator);
      actuator.pulse = (value, duration) => {
        pulses.push({ side, value, duration });
        return pulse(value, duration);
      };
    }
  }

  // The emulator draws to as many pixels as the page has, whatever the page's own ratio.
  const SIDES = ["width", "height"];
  const drawCoarsely = (canvas) => {
    for (const side of SIDES) {
      const { get, set } = Object.getOwnPropertyDescriptor(HTMLCanvasElement.prototype, side);
      const setScaled = (pixels) => set.call(canvas, Math.round(pixels * Math.min(window.devicePixelRatio, 1)));
      Object.defineProperty(canvas, side, { configurable: true, get, set: setScaled });
    }
  };
  // It puts the canvas back at the end of the body, before all panels.
  const { requestSession } = navigator.xr;
  navigator.xr.requestSession = async (...asked) => {
    const canvas = document.querySelector("canvas.view");
    const session = await requestSession.apply(navigator.xr, asked);
    drawCoarsely(canvas);
    session.addEventListener("end", () => {
      for (const side of SIDES) delete canvas[side];
      setTimeout(() => document.body.prepend(canvas));
    });
    return session;
  };

  const inputs = () => (device.primaryInputMode === "hand" ? device.hands : device.controllers);
  const stage = () => window.theta.scene.stage;
  const vector = () => stage().player.position.clone();
  /** Frames are asked of the session: the page's own rest while it presents. */
  const frames = (count) =>
    new Promise((done) => {
      const session = device.activeSession;
      if (!session) return done();
      session.addEventListener("end", done, { once: true });
      const step = () => (count-- > 0 ? session.requestAnimationFrame(step) : done());
      step();
    });
  /** How something at `from` is turned when it looks at `to`, along -z. */
  const lookAlong = (from, to) => {
    const seeker = stage().camera.clone();
    seeker.position.set(...from);
    seeker.up.set(0, 1, 0);
    seeker.lookAt(...to);
    return seeker.quaternion;
  };
  const place = (tracked, position, { x, y, z, w }) => {
    tracked.position.set(...position);
    tracked.quaternion.set(x, y, z, w);
  };

  window.headset = {
    device,
    pulses,
    frames,
    /** A point of the world, on the person's own floor. */
    local: (point) => stage().player.worldToLocal(vector().set(...point)).toArray(),
    /** A point on the person's own floor, in the world. */
    world: (point) => stage().player.localToWorld(vector().set(...point)).toArray(),
    head: (position, at) => place(device, position, lookAlong(position, at)),
    aim: (side, position, at) => place(inputs()[side], position, lookAlong(position, at)),
    turned: (side, position, [x, y, z, w]) => place(inputs()[side], position, { x, y, z, w }),
    /** Where that hand is, and whither it points, on the person's own floor. */
    hand: (side) => {
      const { position, quaternion } = inputs()[side];
      return { position: [position.x, position.y, position.z], rotation: [quaternion.x, quaternion.y, quaternion.z, quaternion.w] };
    },
    press: (side, button, value) => {
      if (device.primaryInputMode === "hand") device.hands[side].updatePinchValue(value);
      else device.controllers[side].updateButtonValue(button, value);
    },
    stick: (side, x, y) => device.controllers[side].updateAxes(STICK, x, y),
    /** The middle of a target of the palette, in the world; null when there is none that can be seen. */
    target: (label) => {
      const { targets } = window.theta.xr.session.ui.palette;
      const target = targets.find((one) => one.label === label) ?? targets.find((one) => one.label.startsWith(label));
      return target ? { point: target.node.getWorldPosition(vector()).toArray(), label: target.label, enabled: target.enabled } : null;
    },
    /** Everything that can be read in VR now. */
    texts: () => {
      const found = [];
      stage().scene.traverseVisible((node) => {
        if (node.userData.xr?.kind === "text") found.push(node.userData.xr.label ?? "");
      });
      return found;
    },
  };
})();
