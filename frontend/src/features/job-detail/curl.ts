import { stringifyExact } from "@/api/exact-json";
import type { Job } from "@/api/model";

/** The command that submits a job's prompt again, as it was submitted. `withKey`: the server asks who one is. */
export function curlOf(job: Job, address: string, withKey: boolean): string {
  const body = stringifyExact({
    prompt: job.prompt,
    flow: job.flow,
    ...(job.priority !== 0 && { priority: job.priority }),
    ...(job.tags.length > 0 && { tags: job.tags }),
    ...(Object.keys(job.metadata).length > 0 && { metadata: job.metadata }),
    ...(job.resultSchema !== null && { resultSchema: job.resultSchema }),
    maxAttempts: job.maxAttempts,
  });
  const lines = [
    `curl -X POST ${quoted(`${address}/jobs`)}`,
    // In double quotes: the shell puts the key in.
    ...(withKey ? ['-H "authorization: Bearer $JOB_PROCESSOR_KEY"'] : []),
    "-H 'content-type: application/json'",
    `-d ${quoted(body ?? "{}")}`,
  ];
  return lines.join(" \\\n  ");
}

/** One word for a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
