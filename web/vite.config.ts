import { defineConfig } from "vitest/config";

const packages = ["wire", "transport", "client", "scene", "xr", "app"];
const room = "http://localhost:8080";

export default defineConfig({
  resolve: {
    alias: Object.fromEntries(
      packages.map((name) => [`@theta/${name}`, new URL(`./packages/${name}/src/index.ts`, import.meta.url).pathname]),
    ),
  },
  build: {
    outDir: "../src/theta/page",
    emptyOutDir: true,
    target: "es2022",
    // The page's content security policy allows no data: URLs.
    assetsInlineLimit: 0,
    // Of the minified bundle, three.js included; what counts is its size in gzip.
    chunkSizeWarningLimit: 1200,
  },
  server: {
    proxy: {
      // The room takes WebSockets from its own page only.
      "/ws": { target: room, ws: true, changeOrigin: true, rewriteWsOrigin: true },
      "/signal": { target: room, ws: true, changeOrigin: true, rewriteWsOrigin: true },
      "/api": { target: room },
    },
  },
  test: {
    include: ["packages/*/test/**/*.test.ts"],
    environment: "node",
  },
});
