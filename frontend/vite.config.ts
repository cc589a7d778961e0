import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { compressedFiles } from "./compressed-files.ts";

const backend = process.env["BACKEND_URL"] ?? "http://127.0.0.1:3000";

// Every path of the API that the page calls; the page itself lives under /ui/ and never collides with them.
const apiPaths = [
  "/jobs",
  "/callbacks",
  "/flows",
  "/workers",
  "/stats",
  "/health",
  "/events",
  "/session",
  "/keys",
  "/audit",
];

// Tests of functions that need no document, and so no jsdom, which costs more than they do.
const PURE = ["src/lib/**/*.test.ts", "src/features/**/*.test.ts", "src/live/machine.test.ts"];

export default defineConfig(({ command }) => ({
  // Built for any path: the server writes the path into index.html.
  base: command === "build" ? "./" : "/ui/",
  plugins: [react(), compressedFiles()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  server: {
    port: 5173,
    strictPort: true,
    proxy: Object.fromEntries(apiPaths.map((path) => [path, { target: backend, changeOrigin: false }])),
  },
  build: {
    // The policy is `script-src 'self'; font-src 'self'`: nothing may be inlined into the page as data.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
    chunkSizeWarningLimit: 700,
    // Few files: each costs a request and its headers. The libraries stay in the browser's cache when the page changes.
    rolldownOptions: {
      output: {
        chunkFileNames: ({ name }) => `assets/${name.replace(/~.*/, "")}-[hash].js`,
        codeSplitting: {
          groups: [
            { name: "libraries", tags: ["$initial"], test: /node_modules/, priority: 3 },
            { name: "first", tags: ["$initial"], test: /\.tsx?$/, priority: 2 },
            // The menu of the first page, and what dialogs share with it; else it would come with parts of other pages.
            {
              name: "floating",
              test: /@mantine.core.esm.components.(Menu|Modal|ModalBase|Stack|Group)\b|src.routes.account-menu\.tsx|src.components.blocked-item/,
              priority: 2,
            },
            // What the lists of other pages share, and the dialogs of several: the first page has no use for it.
            {
              name: "lists",
              test: /src.components.(page-frame|rows?|row-top|[a-z]+-dialog|made-once|form-end|failure)\./,
              priority: 2,
            },
            // Small things that many pages use: else each would bring the parts of another page that they are with.
            {
              name: "common",
              minShareCount: 2,
              test: /src.(lib|api).|src.components.[a-z-]+\.tsx|@tabler.icons-react/,
              priority: 2,
            },
            {
              name: "shared",
              minShareCount: 2,
              entriesAware: true,
              entriesAwareMergeThreshold: 20_000,
              test: /\.(m?jsx?|tsx?)$/,
              priority: 1,
            },
          ],
        },
      },
    },
  },
  test: {
    restoreMocks: true,
    css: false,
    // Nothing of a test is left behind (testing/setup.ts), so its files share a process and what they import: to import
    // the page anew costs more than its tests.
    isolate: false,
    // Whoever waits for the page's tests has the backend's beside them; a second process would import all of it again.
    maxWorkers: 1,
    // Generous: what they wait for comes at once, except on a machine that is busy with other things.
    testTimeout: 60_000,
    projects: [
      { extends: true, test: { name: "pure", environment: "node", include: PURE } },
      {
        extends: true,
        test: {
          name: "page",
          environment: "jsdom",
          environmentOptions: { jsdom: { url: "http://localhost:3000/ui/" } },
          setupFiles: ["./src/testing/setup.ts"],
          include: ["src/**/*.test.{ts,tsx}"],
          exclude: PURE,
        },
      },
    ],
  },
}));
