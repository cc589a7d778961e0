/** What a search may say beside words; the server has the same list, and a test compares them. */
export const SEARCH_TERMS: readonly { readonly example: string; readonly meaning: string }[] = [
  { example: "status:failed,cancelled", meaning: "jobs in one of these states" },
  { example: "flow:chat,mail", meaning: "jobs of one of these flows" },
  { example: "tag:eu", meaning: "jobs with this tag; repeat it for jobs with all of them" },
  { example: "error:callback_overdue", meaning: "the code of the job's error" },
  { example: "verdict:malformed", meaning: "the verdict on the result" },
  { example: "attempts:>2", meaning: "the number of attempts" },
  { example: "created:<2h", meaning: "the age, or the date or time (UTC) of creation" },
  { example: "finished:<2h", meaning: "how long ago the job ended, or the date or time (UTC)" },
  { example: "meta.customer:42", meaning: "a field of the metadata, at its top level, and its value" },
  { example: "key:customer-7", meaning: "jobs of this key: a customer or tenant" },
  { example: "id:01a2", meaning: "the job's id, or its beginning" },
  { example: "execution:1234", meaning: "the execution id of any of the job's attempts" },
  { example: "batch:0198a2b3c4d5e6f708192a3b", meaning: "jobs of this batch" },
  { example: "replay-of:0198a2b3c4d5e6f708192a3b", meaning: "replays of this job" },
  { example: "idempotency-key:k1", meaning: "the job's idempotency key" },
];
