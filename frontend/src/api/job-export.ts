import type { ExportFormat } from "@/lib/whole-rows";
import { answered, client } from "./client";
import { type JobFilter, parameters } from "./job-rows";

/**
 * The whole jobs of a filter as bytes of a file, newest first.
 *
 * `before`: the id of the last job that is there already. Throws as `bodyOf` does, and where the answer breaks off.
 */
export async function* exportedJobs(
  filter: JobFilter,
  format: ExportFormat,
  before: string | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const query = { ...parameters(filter), format, ...(before !== null && { before }) };
  const answer = client.GET("/jobs/export", { params: { query }, parseAs: "stream", signal });
  const reader = (await answered(answer)).data?.getReader();
  if (reader === undefined) return;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}
