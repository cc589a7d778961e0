import type { Job, JobSummary, KeptCallback } from "@/api/model";
import { AcceptButton } from "./accept-button";
import styles from "./callbacks.module.css";
import { RejectButton } from "./reject-button";
import { isAcceptable, isRejectable } from "./words";

interface Props {
  job: Job | JobSummary | null;
  callback: KeptCallback;
  inList?: boolean;
}

/** What a person may do with a callback; nothing if there is nothing to decide. */
export function Decisions({ job, callback, inList = false }: Props) {
  const acceptable = job !== null && isAcceptable(callback, job);
  const rejectable = isRejectable(callback);
  if (!acceptable && !rejectable) return null;
  return (
    <div className={styles["decisions"]}>
      {acceptable && <AcceptButton job={job} callback={callback} inList={inList} />}
      {rejectable && <RejectButton callback={callback} />}
    </div>
  );
}
