import { NativeSelect, TextInput } from "@mantine/core";
import type { AuditFilter } from "@/api/audit";
import type { AuditAct } from "@/api/model";
import { FilterChips } from "@/components/filter-chips";
import { Filters } from "@/components/filters";
import { fromLocal, toLocal } from "@/lib/local-time";
import { useTypedUntilPause } from "@/lib/use-typed";
import styles from "./audit.module.css";
import { LONGEST_TEXT } from "./search";
import { ACT_NAMES, lookOfAct, lookOfOutcome, OUTCOME_NAMES } from "./words";

const SEVERAL = "several";
const CHIPS = OUTCOME_NAMES.map((outcome) => ({ value: outcome, ...lookOfOutcome(outcome) }));

interface Props {
  filter: AuditFilter;
  onChange: (change: Partial<AuditFilter>) => void;
}

export function AuditFilters({ filter, onChange }: Props) {
  const acts = ACT_NAMES.map((act) => ({ value: act as string, label: lookOfAct(act).label }));
  // A URL may name several.
  const several = filter.act.length > 1 ? [{ value: SEVERAL, label: `${filter.act.length} acts` }] : [];
  return (
    <Filters>
      <FilterChips
        legend="Filter by outcome"
        chips={CHIPS}
        chosen={filter.outcome}
        onChange={(outcome) => onChange({ outcome })}
      />
      <div className={styles["fields"]}>
        <NativeSelect
          label="Act"
          value={filter.act.length > 1 ? SEVERAL : (filter.act[0] ?? "")}
          onChange={(event) => {
            const chosen = event.currentTarget.value;
            if (chosen !== SEVERAL) onChange({ act: chosen === "" ? [] : [chosen as AuditAct] });
          }}
          data={[{ value: "", label: "All acts" }, ...several, ...acts]}
        />
        <TextFilter
          label="Who"
          placeholder="id of a key, or a person"
          value={filter.who}
          onChange={(who) => onChange({ who })}
        />
        <TextFilter
          label="What"
          placeholder="job, key, flow or route"
          value={filter.what}
          onChange={(what) => onChange({ what })}
        />
        <TimeFilter label="From" value={filter.since} onChange={(since) => onChange({ since })} />
        <TimeFilter label="Until" value={filter.until} onChange={(until) => onChange({ until })} />
      </div>
    </Filters>
  );
}

interface TextProps {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
}

function TextFilter({ label, placeholder, value, onChange }: TextProps) {
  const { typed, setTyped } = useTypedUntilPause(value, onChange);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      maxLength={LONGEST_TEXT}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  );
}

interface TimeProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** In the reader's own time. A half-typed time filters nothing yet. */
function TimeFilter({ label, value, onChange }: TimeProps) {
  return (
    <TextInput
      type="datetime-local"
      label={label}
      value={value === "" ? "" : toLocal(Date.parse(value))}
      onChange={(event) => {
        const at = fromLocal(event.currentTarget.value);
        onChange(at === null ? "" : new Date(at).toISOString());
      }}
    />
  );
}
