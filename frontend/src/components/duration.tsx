import { Elapsed } from "@/components/times";
import { isFinal } from "@/lib/status";

/** The fields of a job that its duration depends on; times in ms. */
interface Timed {
  readonly status: string;
  readonly attempt: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly finishedAt: number | null;
  readonly idleMs: number;
}

/** From when the work could begin to its end, or to now; without the time between an end and a retry. */
export function Duration({ job }: { job: Timed }) {
  const from = job.createdAt + job.idleMs;
  if (isFinal(job.status))
    return <Elapsed from={from} to={Math.max(from, job.finishedAt ?? job.updatedAt)} />;
  // A scheduled job that waits for its start has no duration yet.
  if (job.status === "PENDING" && job.attempt === 0) return <span aria-hidden>–</span>;
  return <Elapsed from={from} to={null} />;
}
