import { HttpResponse, http } from "msw";
import { expect, it } from "vitest";
import { wireJob } from "@/testing/job-factories";
import { problem, server } from "@/testing/server";
import { type Contact, onContact } from "./contact";
import { ApiError, UnreachableError } from "./errors";
import { cancelJob, deleteJob, submitJob } from "./jobs";

async function heard(act: () => Promise<unknown>): Promise<{ contacts: Contact[]; error: unknown }> {
  const contacts: Contact[] = [];
  const stop = onContact((contact) => contacts.push(contact));
  const error = await act().then(
    () => null,
    (reason: unknown) => reason,
  );
  stop();
  return { contacts, error };
}

it("sends the prompt as it is, with the key", async () => {
  let seen: { body: unknown; key: string | null } | null = null;
  server.use(
    http.post("/jobs", async ({ request }) => {
      seen = { body: await request.json(), key: request.headers.get("idempotency-key") };
      return HttpResponse.json(wireJob(), { status: 201 });
    }),
  );
  const { contacts, error } = await heard(() => submitJob({ prompt: " ü\n" }, "k1"));
  expect(error).toBeNull();
  expect(contacts).toEqual(["up"]);
  expect(seen).toEqual({ body: { prompt: " ü\n" }, key: "k1" });
});

it("a refusal carries the server's words and counts as an answer", async () => {
  server.use(http.post("/jobs/x/cancel", () => problem(409, "The job is completed already.")));
  const { contacts, error } = await heard(() => cancelJob("x"));
  expect(error).toBeInstanceOf(ApiError);
  expect(error).toMatchObject({ status: 409, message: "The job is completed already." });
  expect(contacts).toEqual(["up"]);
});

it.each<[string, () => Response, Contact]>([
  ["no connection", () => HttpResponse.error(), "down"],
  ["a proxy without a server", () => new HttpResponse("<h1>502</h1>", { status: 502 }), "down"],
  ["a proxy that says 503", () => HttpResponse.html("<h1>503</h1>", { status: 503 }), "down"],
  ["a server without its store", () => problem(503, "The store cannot answer now."), "store-down"],
])("%s is not an answer", async (_name, answer, contact) => {
  server.use(http.delete("/jobs/x", answer));
  const { contacts, error } = await heard(() => deleteJob("x"));
  expect(contacts).toEqual([contact]);
  expect(error).toBeInstanceOf(contact === "down" ? UnreachableError : ApiError);
});

it("a web page where JSON was expected is said to be one", async () => {
  server.use(http.post("/jobs/x/cancel", () => HttpResponse.html("<p>hello</p>")));
  const { error } = await heard(() => cancelJob("x"));
  expect(error).toMatchObject({ message: expect.stringMatching(/not JSON/) });
});

it("a deletion has no body, and that is fine", async () => {
  server.use(http.delete("/jobs/x", () => new HttpResponse(null, { status: 204 })));
  expect((await heard(() => deleteJob("x"))).error).toBeNull();
});
