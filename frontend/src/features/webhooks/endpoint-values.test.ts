import { expect, it } from "vitest";
import { toEndpoint } from "@/api/model";
import { wireEndpoint } from "@/testing/webhook-factories";
import { EMPTY, problemsOf, toRequest, valuesOf } from "./endpoint-values";

const URL_ = "https://example.com/hook";

it.each([
  [{}, ["url"]],
  [{ url: "example.com" }, ["url"]],
  [{ url: "ftp://example.com" }, ["url"]],
  [{ url: "https://" }, ["url"]],
  [{ url: "https://me:secret@example.com" }, ["url"]],
  [{ url: URL_, events: "" }, ["events"]],
  [{ url: URL_, scope: "some" }, ["flows"]],
  [{ url: ` ${URL_} ` }, []],
  [{ url: "http://10.0.0.1:9000/", scope: "some", flows: "mock" }, []],
])("%j lacks %j", (changes, fields) => {
  expect(Object.keys(problemsOf({ ...EMPTY, ...changes }))).toEqual(fields);
});

it("an endpoint that is edited and not changed stays as it is", () => {
  const endpoint = toEndpoint(
    wireEndpoint({ flows: ["mock", "other"], description: "Pager", events: ["failed"] }),
  );
  const { url, events, flows, description } = endpoint;
  expect(toRequest(valuesOf(endpoint))).toEqual({ url, events, flows, description });
  expect(toRequest(valuesOf({ ...endpoint, flows: null })).flows).toBeNull();
});
