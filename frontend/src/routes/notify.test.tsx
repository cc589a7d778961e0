import { act, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { HttpResponse, http } from "msw";
import { afterEach, expect, it, vi } from "vitest";
import { unwatchEnds, watchEnd } from "@/lib/watched-ends";
import { wireJob, wireSummary } from "@/testing/job-factories";
import { renderPage } from "@/testing/render";
import { server } from "@/testing/server";

const ID = "0123456789abcdef01234567";
const shown: string[] = [];

/** A browser that answers so when it is asked for permission. */
function browser(permission: NotificationPermission, answer: NotificationPermission, broken = false) {
  const asked = vi.fn(() => {
    Notice.permission = answer;
    return Promise.resolve(answer);
  });
  class Notice {
    static permission = permission;
    static requestPermission = asked;
    onclick = null;
    constructor(title: string) {
      if (broken) throw new TypeError("Illegal constructor.");
      shown.push(title);
    }
  }
  vi.stubGlobal("Notification", Notice);
  vi.stubGlobal("isSecureContext", true);
  return asked;
}

afterEach(() => {
  vi.unstubAllGlobals();
  act(() => unwatchEnds([ID]));
  shown.length = 0;
});

function openJob() {
  const end = serve();
  renderPage(`/ui/jobs/${ID}`);
  return end;
}

function serve() {
  let status: "PENDING" | "COMPLETED" | "FAILED" = "PENDING";
  server.use(
    http.get(`/jobs/${ID}`, () => HttpResponse.json(wireJob({ id: ID, status }))),
    http.get("/jobs", () =>
      HttpResponse.json([wireSummary({ id: ID, status, prompt: "Watched\nto the end" })]),
    ),
  );
  return (as: "COMPLETED" | "FAILED" = "COMPLETED") => {
    status = as;
  };
}

it("asks for permission by a press only, and tells of the end once", async () => {
  const asked = browser("default", "granted");
  const end = openJob();
  const button = await screen.findByRole("button", { name: "Notify me" });
  expect(asked).not.toHaveBeenCalled();
  await userEvent.click(button);
  expect(await screen.findByRole("button", { name: "Notify me: on" })).toBeInTheDocument();
  expect(asked).toHaveBeenCalledOnce();
  end();
  await waitFor(() => expect(shown).toEqual(["Completed: Watched to the end"]));
});

it("tells of the newest end when the job was retried and is watched again", async () => {
  browser("granted", "granted");
  const end = serve();
  end();
  renderPage("/ui/flows");
  act(() => watchEnd(ID));
  await waitFor(() => expect(shown).toEqual(["Completed: Watched to the end"]));
  end("FAILED");
  act(() => watchEnd(ID));
  await waitFor(() => expect(shown).toHaveLength(2));
  expect(shown[1]).toBe("Failed: Watched to the end");
});

it("says so when the browser blocks notices, or has none", async () => {
  browser("default", "denied");
  openJob();
  await userEvent.click(await screen.findByRole("button", { name: "Notify me" }));
  await waitFor(() =>
    expect(screen.getByRole("button", { name: "Notify me" })).toHaveAccessibleDescription(
      /blocks notifications/,
    ),
  );
  expect(screen.getByRole("button", { name: "Notify me" })).toHaveAttribute("aria-disabled", "true");
});

it("shows the notice on the page where the browser shows none", async () => {
  browser("granted", "granted", true);
  const end = openJob();
  await userEvent.click(await screen.findByRole("button", { name: "Notify me" }));
  end();
  expect(await screen.findByText("Completed: Watched to the end")).toBeInTheDocument();
});
