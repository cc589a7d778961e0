import { expect, it } from "vitest";
import { toCallback, type WireCallback } from "@/api/model";
import { wireCallback } from "@/testing/job-factories";
import { isAcceptable, type KnownJob, wordsFor } from "./words";

const ENDED = Date.parse("2026-11-24T10:00:00.000Z");
const failed: KnownJob = { status: "FAILED", finishedAt: ENDED };
const cancelled: KnownJob = { status: "CANCELLED", finishedAt: ENDED };
const completed: KnownJob = { status: "COMPLETED", finishedAt: ENDED };
const waiting: KnownJob = { status: "WAITING", finishedAt: null };
const unread = { verdict: "unreadable", said: "unreadable" } as const;
const retried: KnownJob = { status: "PENDING", finishedAt: null };

function said(changes: Partial<WireCallback>, job: KnownJob) {
  const { what, fate } = wordsFor(toCallback(wireCallback(changes)), job);
  return fate === null ? what : `${what} ${fate}`;
}

it.each<[Partial<WireCallback>, KnownJob, string]>([
  [{ verdict: "late" }, failed, "A result came after the job had failed."],
  [{ verdict: "late" }, cancelled, "A result came after the job was cancelled."],
  [{ verdict: "late" }, retried, "A result came after the job had ended. The job was retried since."],
  [{ verdict: "late" }, completed, "A result came after the job had ended. The job has a result by now."],
  [
    { verdict: "rejected" },
    failed,
    "A result that changed nothing, rejected by a person. It is kept, and can still be accepted.",
  ],
  [{ verdict: "rejected" }, completed, "A result that changed nothing, rejected by a person."],
  [{ verdict: "rejected", said: "error" }, failed, "A failure that changed nothing, rejected by a person."],
  [
    { verdict: "rejected", said: "unreadable", bodyBytes: 7 },
    waiting,
    "An unreadable callback, rejected by a person. It is kept, and can still be accepted.",
  ],
  [
    { verdict: "late", receivedAt: "2026-11-24T09:59:59.999Z" },
    cancelled,
    "A result came after the job had ended.",
  ],
  [{ verdict: "late" }, null, "A result came after the job had ended."],
  [{ verdict: "accepted" }, completed, "A late result, accepted by a person. It is the job's result now."],
  [{ verdict: "different" }, completed, "A different result for a completed job. The first result stays."],
  [{ verdict: "duplicate" }, completed, "The same result again."],
  [{ verdict: "duplicate", said: "error" }, failed, "A failure of a job that has already failed."],
  [{ verdict: "stale", said: "error" }, failed, "A failure of an attempt that was not in progress."],
  [{ verdict: "stale" }, failed, "A result of an ended attempt that does not fit the schema."],
  [{ verdict: "unknown" }, null, "A result for an unknown job. The job was deleted or never existed."],
  [
    { verdict: "unknown", said: "error", jobId: null },
    null,
    "A failure of an unknown execution. " +
      "It will be matched to its job if the acceptance of this execution arrives.",
  ],
  [
    { verdict: "unreadable", said: "unreadable" },
    null,
    "An unreadable callback. The sender got the reason below.",
  ],
  [
    { verdict: "accepted", said: "unreadable" },
    completed,
    "An unreadable callback, accepted by a person. It is the job's result now.",
  ],
  [
    { verdict: "applied", said: "error" },
    null,
    "A failure with only an execution id. It was matched to its job and applied.",
  ],
  [{ verdict: "of the future" as "late" }, null, "A callback."],
])("%j for a job that is %j is said in words", (changes, job, words) => {
  expect(said(changes, job)).toBe(words);
});

it.each<[Partial<WireCallback>, KnownJob, boolean]>([
  [{ verdict: "late" }, failed, true],
  [{ verdict: "late" }, cancelled, true],
  [{ verdict: "stale" }, failed, true],
  [{ verdict: "stale", said: "error" }, failed, false],
  [{ verdict: "late" }, completed, false],
  [{ verdict: "late" }, retried, false],
  [{ verdict: "late" }, null, false],
  [{ verdict: "duplicate" }, failed, false],
  [{ verdict: "rejected" }, cancelled, true],
  [{ verdict: "rejected" }, completed, false],
  [{ verdict: "rejected", said: "error" }, failed, false],
  [{ verdict: "rejected", said: "unreadable", bodyBytes: 7 }, waiting, true],
  [{ verdict: "accepted", said: "unreadable", bodyBytes: 7 }, failed, false],
  [{ ...unread, bodyBytes: 7 }, failed, true],
  [{ ...unread, bodyBytes: 7 }, waiting, true],
  [{ ...unread, bodyBytes: 7 }, retried, true],
  [{ ...unread, bodyBytes: 7 }, completed, false],
  [{ ...unread, bodyBytes: 7 }, null, false],
  [{ ...unread, bodyBytes: 7, bodyTruncated: true }, waiting, false],
  [{ ...unread, bodyBytes: 0 }, waiting, false],
  [{ ...unread, bodyBytes: null }, waiting, false],
])("%j for a job that is %j can be accepted: %s", (changes, job, acceptable) => {
  expect(isAcceptable(toCallback(wireCallback(changes)), job)).toBe(acceptable);
});
