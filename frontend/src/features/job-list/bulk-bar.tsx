import { Button, Loader } from "@mantine/core";
import { useState } from "react";
import type { JobFilter } from "@/api/job-rows";
import type { BulkAction, BulkCount, BulkKind } from "@/api/model";
import styles from "./bulk.module.css";
import { BulkAsk } from "./bulk-ask";
import { BULK_KINDS, BULK_WORDS, jobs } from "./bulk-words";

interface Props {
  filter: JobFilter;
  /** The jobs that are selected: all that match; "counting" before their number is known, null if none are. */
  selected: BulkCount | "counting" | null;
  onStarted: (action: BulkAction) => void;
}

/** What can be done with all jobs that match. */
export function BulkBar({ filter, selected, onStarted }: Props) {
  const [kind, setKind] = useState<BulkKind>("retry");
  const [asking, setAsking] = useState(false);
  const matched = selected === "counting" ? null : selected;
  return (
    <>
      {selected !== null && (
        <section className={styles["bar"]} aria-label="Selected jobs">
          {matched === null ? (
            <span className={styles["count"]}>
              <Loader size={13} aria-hidden /> Counting…
            </span>
          ) : (
            <>
              <span className={styles["count"]} role="status">
                {jobs(matched.count, matched.more)} selected
              </span>
              {BULK_KINDS.map((one) => (
                <Button
                  key={one}
                  size="compact-sm"
                  variant="default"
                  disabled={matched.count === 0}
                  onClick={() => {
                    setKind(one);
                    setAsking(true);
                  }}
                >
                  {BULK_WORDS[one].verb}
                </Button>
              ))}
            </>
          )}
        </section>
      )}
      {selected !== null && (
        <BulkAsk
          opened={asking}
          filter={filter}
          kind={kind}
          matched={matched ?? { count: 0, more: false }}
          onStarted={onStarted}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}
