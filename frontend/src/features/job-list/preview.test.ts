import { expect, it } from "vitest";
import { toSummary } from "@/api/model";
import { wireSummary } from "@/testing/job-factories";
import { answerOf, previewOf, remarkOf, triesOf } from "./preview";

it.each<[string, Parameters<typeof wireSummary>[0], string | null]>([
  ["is at its first try", { status: "RUNNING", attempt: 1, failures: 0 }, null],
  ["has a second try under way", { status: "WAITING", attempt: 2, failures: 1 }, "2/3"],
  ["waits for its second try", { status: "PENDING", attempt: 1, failures: 1 }, "1/3"],
  ["was put back at no cost in between", { status: "RUNNING", attempt: 5, failures: 1 }, "2/3"],
  ["was completed at the second try", { status: "COMPLETED", attempt: 2, failures: 1 }, "2/3"],
  ["was completed by a late result of its only try", { status: "COMPLETED", attempt: 1, failures: 1 }, "1/3"],
])("the tries of a job that %s", (_, job, words) => {
  expect(triesOf(toSummary(wireSummary(job)))).toBe(words);
});

const UNDER_WAY: Parameters<typeof wireSummary>[0] = {
  status: "WAITING",
  waitingOn: { kind: "callback", detail: "It will call back.", until: null },
};

it.each<[string, Parameters<typeof wireSummary>[0], string | null]>([
  [
    "an outage in words, not in those of the library",
    waiting("outage", "[Errno 111]"),
    "The processor cannot be reached.",
  ],
  ["a kind that is not known here by what the server says", waiting("constructor", "Soon."), "Soon."],
  ["progress before what is waited for", { ...UNDER_WAY, progress: "Page 2" }, "Page 2"],
  [
    "nothing of the progress of an attempt that is over",
    { ...waiting("retry", "Attempt 1 failed; the next one follows."), progress: "Page 2" },
    "Attempt 1 failed; the next one follows.",
  ],
  ["nothing of what is done", { status: "COMPLETED", waitingOn: null }, null],
])("the remark on a job tells %s", (_, job, words) => {
  expect(remarkOf(toSummary(wireSummary(job)))).toBe(words);
});

function waiting(kind: string, detail: string): Parameters<typeof wireSummary>[0] {
  return { status: "PENDING", waitingOn: { kind, detail, until: null } };
}

it.each<[string, string, string]>([
  ["lines and tabs", " a\n\n b\tc ", "a b c"],
  ["directions, which are shown by name where the text is drawn", "a\u202eb", "a\u202eb"],
  ["an emoji at the cut", `${"x".repeat(299)}😀😀`, `${"x".repeat(299)}😀`],
  ["nothing but emojis", "😀".repeat(400), "😀".repeat(300)],
])("previews %s on one line, without half a character", (_, text, line) => {
  expect(previewOf(text)).toBe(line);
});

it.each<[string, Parameters<typeof wireSummary>[0], ReturnType<typeof answerOf>]>([
  ["its result", { status: "COMPLETED", result: "42\n" }, { text: "42", words: false }],
  ["that it is empty", { status: "COMPLETED", result: "" }, { text: "Empty result", words: true }],
  [
    "that nothing of it can be seen",
    { status: "COMPLETED", result: " \n\t" },
    { text: "The result begins with white space", words: true },
  ],
  ["nothing before it is completed", { status: "FAILED", result: null }, null],
])("the line of a completed job says %s", (_, job, answer) => {
  expect(answerOf(toSummary(wireSummary(job)))).toEqual(answer);
});
