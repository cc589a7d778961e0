import "@testing-library/jest-dom/vitest";
import { cleanNotifications } from "@mantine/notifications";
import { cleanup, configure, logDOM } from "@testing-library/react";
import { afterAll, afterEach, beforeAll } from "vitest";
import { forgetAccess } from "@/api/access";
import { reportRefresh } from "@/api/freshness";
import { rememberChosen, rememberList } from "@/lib/last-list";
import { learnServerTime } from "@/lib/now";
import { FakeEventSource } from "./fake-event-source";
import { server } from "./server";

configure({
  // See testTimeout in vite.config.ts.
  asyncUtilTimeout: 20_000,
  // The default prints the whole document at each attempt of a query that waits: a tenth of the tests' processor time.
  // It is printed below, once, if the test fails.
  getElementError: (message) =>
    Object.assign(new Error(message ?? ""), { name: "TestingLibraryElementError" }),
});

beforeAll(() => server.listen({ onUnhandledFrame: "error" }));
// The files share a process, and so one document and one state of the page's modules: nothing is left to the next test.
afterEach(({ task }) => {
  if (task.result?.state === "fail") {
    logDOM(document.body);
  }
  cleanup();
  cleanNotifications();
  server.resetHandlers();
  localStorage.clear();
  sessionStorage.clear();
  forgetAccess();
  reportRefresh(null);
  rememberList({});
  rememberChosen(null);
  learnServerTime(new Date().toUTCString());
  FakeEventSource.instances = [];
});
afterAll(() => server.close());

// Browser APIs that the page and Mantine need and jsdom lacks.
Object.assign(globalThis, {
  EventSource: FakeEventSource,
  ResizeObserver: class {
    observe() {}
    unobserve() {}
    disconnect() {}
  },
});

window.matchMedia = (query: string): MediaQueryList =>
  Object.assign(new EventTarget(), {
    matches: false,
    media: query,
    onchange: null,
    addListener: () => {},
    removeListener: () => {},
  });

window.HTMLElement.prototype.scrollIntoView = () => {};
window.scrollTo = () => {};
Object.defineProperty(document, "fonts", { value: new EventTarget(), configurable: true });
