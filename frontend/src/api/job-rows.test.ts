import { QueryClient } from "@tanstack/react-query";
import { expect, it } from "vitest";
import { wireSummary } from "@/testing/job-factories";
import { type JobFilter, patchRows, removeRow, rowsQuery } from "./job-rows";
import { toSummary } from "./model";

const ALL: JobFilter = { status: [], flow: "", tag: "", q: "" };
const T1 = "2026-11-24T10:00:01.000Z";
const T2 = "2026-11-24T10:00:02.000Z";

function job(id: string, status: string, updatedAt: string) {
  return toSummary(wireSummary({ id, status, updatedAt } as Parameters<typeof wireSummary>[0]));
}

function given() {
  const queries = new QueryClient();
  const { queryKey } = rowsQuery(ALL);
  const pages = [["9", "8"], ["7"]].map((ids) => ({
    jobs: ids.map((id) => job(id, "RUNNING", T1)),
    next: ids[0] ?? null,
  }));
  queries.setQueryData(queryKey, { pages, pageParams: [null, "8"] });
  const shown = () =>
    queries
      .getQueryData(queryKey)
      ?.pages.map((page) => page.jobs.map((row) => `${row.id} ${row.gone ? "gone" : row.status}`).join(", "));
  return { queries, shown };
}

it("patches a row where it stands, and says of one that was not found that it is gone", () => {
  const { queries, shown } = given();
  patchRows(queries, ["8", "7"], [job("7", "COMPLETED", T2)]);
  expect(shown()).toEqual(["9 RUNNING, 8 gone", "7 COMPLETED"]);
});

it("does not go back to an answer that was overtaken", () => {
  const { queries, shown } = given();
  patchRows(queries, ["9"], [job("9", "FAILED", T2)]);
  patchRows(queries, ["9"], [job("9", "RUNNING", T1)]);
  expect(shown()).toEqual(["9 FAILED, 8 RUNNING", "7 RUNNING"]);
});

it("takes out the row of a job that was deleted here", () => {
  const { queries, shown } = given();
  removeRow(queries, "8");
  expect(shown()).toEqual(["9 RUNNING", "7 RUNNING"]);
});
