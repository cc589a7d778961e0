import { Textarea, TextInput } from "@mantine/core";
import type { FormValues, Problems } from "./form-values";
import styles from "./new-job.module.css";

interface Props {
  values: FormValues;
  problems: Problems;
  onChange: (change: Partial<FormValues>) => void;
}

export function AdvancedFields({ values, problems, onChange }: Props) {
  const field = (name: keyof FormValues) => ({
    value: values[name],
    error: problems[name] ?? null,
    onChange: (event: { currentTarget: { value: string } }) =>
      onChange({ [name]: event.currentTarget.value }),
  });
  return (
    <>
      <div className={styles["three"]}>
        <TextInput label="Priority" placeholder="0" inputMode="numeric" {...field("priority")} />
        <TextInput label="Delay (s)" placeholder="0" inputMode="decimal" {...field("delaySeconds")} />
        <TextInput label="Attempts" placeholder="default" inputMode="numeric" {...field("maxAttempts")} />
      </div>
      <TextInput label="Tags" placeholder="invoices, nightly" {...field("tags")} />
      <Textarea
        label="Result schema"
        description="A JSON Schema that the result must fit"
        placeholder={'{"type": "object", "required": ["answer"]}'}
        autosize
        minRows={2}
        maxRows={10}
        spellCheck={false}
        classNames={{ input: "mono" }}
        {...field("resultSchema")}
      />
    </>
  );
}
