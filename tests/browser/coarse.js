// For tests: draws the scene in few pixels. All of them are drawn in software; the page's boxes and text stay as they are.
(() => {
  Object.defineProperty(window, "devicePixelRatio", { value: 0.25 });
  const { getContext } = HTMLCanvasElement.prototype;
  HTMLCanvasElement.prototype.getContext = function (kind, options) {
    return getContext.call(this, kind, kind.startsWith("webgl") ? { ...options, antialias: false } : options);
  };
})();
