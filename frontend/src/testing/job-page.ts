import { HttpResponse, http } from "msw";
import type { WireJob } from "@/api/model";
import { wireJob } from "./job-factories";
import { renderPage } from "./render";
import { server } from "./server";

export const ID = "0123456789abcdef01234567";

/** The page of a job that the server has with these changes. */
export function openJob(changes: Partial<WireJob>) {
  server.use(http.get(`/jobs/${ID}`, () => HttpResponse.json(wireJob(changes))));
  return renderPage(`/ui/jobs/${ID}`);
}
