import type { Job, Worker } from "@/api/model";
import { troubleOf } from "@/lib/waiting-words";

type Waiting = NonNullable<Job["waitingOn"]>;

/** What the link to the flow promises; null where the flow has nothing to do with the wait. */
export function flowLinkFor(kind: string): string | null {
  if (kind === "paused") return "Go to the flow to resume it";
  return troubleOf(kind) !== null || kind === "concurrency" || kind === "rate" ? "See the flow" : null;
}

/** Whether the job waits for a worker that is not there. Undefined workers are not known yet. */
export function lacksWorker(waiting: Waiting, flow: string, workers: readonly Worker[] | undefined): boolean {
  return waiting.kind === "worker" && workers?.some((worker) => worker.flows.includes(flow)) === false;
}
