import type { Worker } from "@/api/model";
import { Panel } from "@/components/panel";
import { Age } from "@/components/times";
import styles from "./flows.module.css";

export function WorkersTable({ workers }: { workers: readonly Worker[] }) {
  return (
    <Panel title="Workers" flush aside={<span className={styles["meaning"]}>{workers.length}</span>}>
      {workers.length === 0 ? (
        <p className={styles["none"]}>
          No worker is running: jobs are accepted and wait. Start one with <code>job-processor worker</code>.
        </p>
      ) : (
        <div role="group" className={styles["scroll"]} tabIndex={0} aria-label="Workers">
          <table className={styles["workers"]}>
            <thead>
              <tr>
                <th scope="col">Worker</th>
                <th scope="col">Flows</th>
                <th scope="col">Running</th>
                <th scope="col">Started</th>
                <th scope="col">Seen</th>
              </tr>
            </thead>
            <tbody>
              {workers.map((worker) => (
                <tr key={worker.id}>
                  <th scope="row">
                    {worker.name} <code className={styles["workerId"]}>{worker.id}</code>
                  </th>
                  <td className={styles["workerFlows"]}>{worker.flows.join(", ")}</td>
                  <td className="numbers">
                    {worker.running ?? "–"}
                    <span className={styles["word"]}> running</span>
                  </td>
                  <td>
                    <span className={styles["word"]}>started </span>
                    <Age at={worker.startedAt} />
                  </td>
                  <td>
                    <span className={styles["word"]}>seen </span>
                    <Age at={worker.seenAt} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}
