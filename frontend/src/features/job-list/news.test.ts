import { expect, it } from "vitest";
import type { JobFilter, Row } from "@/api/job-rows";
import { toSummary } from "@/api/model";
import { wireSummary } from "@/testing/job-factories";
import { canBeNews, leftOf, newsOf, questionOf, wordsOf } from "./news";

const ALL: JobFilter = { status: [], flow: "", tag: "", q: "" };
const FAILED: JobFilter = { ...ALL, status: ["FAILED"] };

function rows(...jobs: [id: string, status: "FAILED" | "COMPLETED" | "PENDING", gone?: true][]): Row[] {
  return jobs.map(([id, status, gone]) => ({
    ...toSummary(wireSummary({ id, status })),
    ...(gone && { gone }),
  }));
}

it.each<[string, JobFilter, Row[], ReturnType<typeof questionOf>]>([
  ["an empty list", ALL, [], null],
  ["all jobs: those that are newer", ALL, rows(["9", "FAILED"], ["7", "PENDING"]), { after: "9", known: 0 }],
  [
    "a status: any that it has not got",
    FAILED,
    rows(["9", "FAILED"], ["7", "FAILED"]),
    { after: "7", known: 1 },
  ],
  [
    "a status, of rows that left it",
    FAILED,
    rows(["9", "PENDING"], ["7", "FAILED"]),
    { after: "7", known: 0 },
  ],
  [
    "a status, of a deleted row",
    FAILED,
    rows(["9", "FAILED", true], ["7", "FAILED"]),
    { after: "7", known: 0 },
  ],
  [
    "a search: those that are newer",
    { ...FAILED, q: "x" },
    rows(["9", "FAILED"], ["7", "FAILED"]),
    { after: "9", known: 0 },
  ],
])("the question of %s", (_, filter, list, question) => {
  expect(questionOf(filter, list)).toEqual(question);
});

it("an old job that fails is news to the list of failed jobs", () => {
  const list = rows(["9", "FAILED"], ["3", "FAILED"]);
  const question = questionOf(FAILED, list);
  expect(question).not.toBeNull();
  if (question === null) return;
  // The server counts 9 and the job 5, both newer than 3.
  const news = newsOf(FAILED, list, question, { count: 2, more: false, byStatus: {}, complete: true });
  expect(wordsOf(news)).toBe("1 new job");
});

it.each<[string, JobFilter, string[] | null, boolean]>([
  ["a newer job", ALL, ["a"], true],
  ["a job that is shown or older", ALL, ["9", "1"], false],
  ["anything", ALL, null, true],
  ["an older job, in a list of a status,", FAILED, ["1"], true],
  ["nothing", FAILED, [], false],
])("%s can be news", (_, filter, changed, can) => {
  const list = rows(["9", "FAILED"], ["7", "FAILED"]);
  expect(canBeNews(filter, list, changed === null ? null : new Set(changed))).toBe(can);
});

it("counts the rows that match no more", () => {
  expect(leftOf(FAILED, rows(["9", "FAILED"], ["8", "COMPLETED"], ["7", "FAILED", true]))).toBe(2);
  expect(leftOf(ALL, rows(["9", "FAILED"], ["8", "COMPLETED"]))).toBe(0);
});

it.each<[Parameters<typeof wordsOf>[0], string | null]>([
  [{ arrived: 0, more: false, left: 0 }, null],
  [{ arrived: 1, more: false, left: 0 }, "1 new job"],
  [{ arrived: 12, more: false, left: 3 }, "12 new jobs"],
  [{ arrived: 1000, more: true, left: 0 }, "1,000+ new jobs"],
  [{ arrived: 0, more: false, left: 1 }, "1 row no longer matches"],
])("says %j as %j", (news, words) => {
  expect(wordsOf(news)).toBe(words);
});
