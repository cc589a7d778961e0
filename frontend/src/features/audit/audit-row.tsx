import { IconUser } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { AuditFilter } from "@/api/audit";
import type { AuditEntry } from "@/api/model";
import { VisibleText } from "@/components/result/visible-text";
import { Age } from "@/components/times";
import { ToneBadge } from "@/components/tone-badge";
import styles from "./audit.module.css";
import { isBatch, isJob, lookOfAct, remarkOf, wordsForDetail, wordsForKind } from "./words";

interface Props {
  entry: AuditEntry;
  /** The names of keys by id. */
  names: ReadonlyMap<string, string>;
  onFilter: (change: Partial<AuditFilter>) => void;
}

export function AuditRow({ entry, names, onFilter }: Props) {
  const { label, icon, tone } = lookOfAct(entry.act);
  const remark = remarkOf(entry);
  const detail = wordsForDetail(entry);
  return (
    <li className={styles["row"]} data-entry={entry.id}>
      <span className={styles["when"]}>
        <Age at={entry.at} />
      </span>
      <span className={styles["act"]}>
        <ToneBadge tone={tone} icon={icon}>
          {label}
        </ToneBadge>
      </span>
      <div className={styles["who"]}>
        {entry.who === "" ? (
          <span>{wordsForKind(entry.kind)}</span>
        ) : (
          <button
            type="button"
            className={styles["filter"]}
            title={`Show only entries of ${entry.who}`}
            onClick={() => onFilter({ who: entry.who })}
          >
            <IconUser size={13} aria-hidden /> <span className="visually-hidden">{entry.kind}</span>
            <VisibleText text={names.get(entry.who) ?? entry.who} />
          </button>
        )}
      </div>
      <div className={styles["said"]}>
        <p className={styles["what"]}>
          <What entry={entry} name={names.get(entry.what) ?? null} />
          {detail !== null && (
            <span className={styles["detail"]}>
              {" "}
              <VisibleText text={detail} />
            </span>
          )}
        </p>
        {remark !== null && <p className={styles["remark"]}>{remark}</p>}
      </div>
      <span className={styles["address"]}>
        {entry.address !== "" && (
          <>
            from <code>{entry.address}</code>
          </>
        )}
      </span>
    </li>
  );
}

/** `name`: of a key. */
function What({ entry, name }: { entry: AuditEntry; name: string | null }) {
  if (entry.what === "") return entry.detail === null ? <span>–</span> : null;
  // A deleted job has no page any more.
  if (isJob(entry) && entry.act !== "job_deleted") {
    return (
      <Link to="/jobs/$id" params={{ id: entry.what }}>
        <code>{entry.what}</code>
      </Link>
    );
  }
  if (isBatch(entry)) {
    return (
      <Link to="/batches/$id" params={{ id: entry.what }}>
        <code>{entry.what}</code>
      </Link>
    );
  }
  return (
    <>
      {name !== null && (
        <>
          <VisibleText text={name} />{" "}
        </>
      )}
      <code>
        <VisibleText text={entry.what} />
      </code>
    </>
  );
}
