import { useQuery } from "@tanstack/react-query";
import { placeQuery } from "@/api/jobs";
import { formatExact, toIso } from "@/lib/time";
import styles from "./job-detail.module.css";

/** How many jobs are ahead, and when the job should start; nothing while that is not known. */
export function PlaceInQueue({ id }: { id: string }) {
  const place = useQuery(placeQuery(id)).data;
  if (place === undefined || place.ahead === null) return null;
  const start = place.expectedStart === null ? null : Date.parse(place.expectedStart);
  return (
    <span data-testid="place">
      {" "}
      {start === null ? (
        place.detail
      ) : (
        <time dateTime={toIso(start)} title={formatExact(start)} className={styles["sentence"]}>
          {place.detail}
        </time>
      )}
    </span>
  );
}
