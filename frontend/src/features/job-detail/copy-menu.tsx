import { Button, Menu } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconCopy } from "@tabler/icons-react";
import { useAccess } from "@/access/access-context";
import { signsIn } from "@/access/words";
import { BASE_PATH } from "@/api/base-path";
import type { Job } from "@/api/model";
import { copyText } from "@/lib/clipboard";
import { curlOf } from "./curl";

/** What of a job is wanted elsewhere. */
export function CopyMenu({ job }: { job: Job }) {
  const { who } = useAccess();
  const server = `${location.origin}${BASE_PATH}`;
  const copy = async (what: string, text: string) => {
    const done = await copyText(text);
    notifications.show(
      done
        ? { message: `${what}: copied` }
        : { color: "red", title: "Not copied", message: "The browser does not allow copying here." },
    );
  };
  const items: readonly (readonly [string, string])[] = [
    ["Link", `${server}/ui/jobs/${job.id}`],
    ["Command that submits the job again (curl)", curlOf(job, server, who !== null && signsIn(who))],
    ["Prompt", job.prompt],
    ...(job.result === null ? [] : [["Result", job.result] as const]),
    ...(job.resultVerdict?.repaired == null
      ? []
      : [["Repaired result", job.resultVerdict.repaired.text] as const]),
  ];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button variant="default" leftSection={<IconCopy size={16} aria-hidden />}>
          Copy
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {items.map(([what, text]) => (
          <Menu.Item key={what} onClick={() => void copy(what, text)}>
            {what}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
