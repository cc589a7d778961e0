import { IconEqual, IconEqualNot } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { currencyQuery } from "@/api/flows";
import type { Comparison } from "@/api/model";
import { BackLink } from "@/components/back-link";
import { Panel } from "@/components/panel";
import { ResultViewer } from "@/components/result/result-viewer";
import { StatusBadge } from "@/components/status-badge";
import { ToneBadge } from "@/components/tone-badge";
import { money } from "@/lib/money";
import { formatDuration } from "@/lib/time";
import styles from "./compare.module.css";
import { Differences } from "./differences";

export function ComparisonView({ comparison }: { comparison: Comparison }) {
  const { left, right, samePrompt, sameResult, differences } = comparison;
  return (
    <article className={styles["page"]}>
      <BackLink to="/jobs/$id" params={{ id: right.id }}>
        Back to the job
      </BackLink>
      <div className={styles["headline"]}>
        <h1>Two results, side by side</h1>
        <ToneBadge tone={sameResult ? "green" : "amber"} icon={sameResult ? IconEqual : IconEqualNot}>
          {sameResult ? "Same result" : "Different results"}
        </ToneBadge>
        {!samePrompt && (
          <ToneBadge tone="gray" icon={IconEqualNot}>
            The prompt was changed
          </ToneBadge>
        )}
      </div>
      {!sameResult && <Differences differences={differences} />}
      <div className={styles["sides"]}>
        <SidePanel title="Original" side={left} />
        <SidePanel title="Replay" side={right} />
      </div>
    </article>
  );
}

function SidePanel({ title, side }: { title: string; side: Comparison["left"] }) {
  const currency = useQuery(currencyQuery).data ?? "";
  return (
    <Panel title={title} flush aside={<StatusBadge status={side.status} />}>
      <div className={styles["facts"]}>
        <Link to="/jobs/$id" params={{ id: side.id }}>
          <code>{side.id}</code>
        </Link>
        <span>{side.flow}</span>
        {side.seconds !== null && <span className="numbers">{formatDuration(side.seconds * 1000)}</span>}
        {side.promptTokens !== null && <span>{side.promptTokens.toLocaleString("en")} tokens in</span>}
        {side.completionTokens !== null && (
          <span>{side.completionTokens.toLocaleString("en")} tokens out</span>
        )}
        {side.costMicros !== null && (
          <span className="numbers">
            {money(side.costMicros)} {currency}
          </span>
        )}
      </div>
      {side.result === null ? (
        <p className={styles["none"]}>No result yet.</p>
      ) : (
        <ResultViewer result={side.result} verdict={side.resultVerdict} name={`job-${side.id}-result`} />
      )}
    </Panel>
  );
}
