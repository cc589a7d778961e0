import type { Job, Worker } from "@/api/model";
import { troubleOf } from "@/lib/waiting-words";

type Waiting = NonNullable<Job["waitingOn"]>;

const LIMITS: ReadonlySet<string> = new Set([
  "concurrency",
  "rate",
  "key_concurrency",
  "key_rate",
  "shared_concurrency",
  "shared_rate",
  "shared_tokens",
]);

/** Text of the link to the flow; null if the flow is not the reason for the wait. */
export function flowLinkFor(kind: string): string | null {
  if (kind === "paused") return "Go to the flow to resume it";
  return troubleOf(kind) !== null || LIMITS.has(kind) ? "See the flow" : null;
}

/** Whether the job waits for a worker and none is running. `workers`: undefined while not loaded. */
export function lacksWorker(waiting: Waiting, flow: string, workers: readonly Worker[] | undefined): boolean {
  return waiting.kind === "worker" && workers?.some((worker) => worker.flows.includes(flow)) === false;
}
