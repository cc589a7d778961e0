import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { BASE_PATH } from "@/api/base-path";
import { endsQuery } from "@/api/job-ends";
import { statusLabel } from "@/lib/status";
import { unwatchEnds, useWatchedEnds } from "@/lib/watched-ends";

const LONGEST_PROMPT = 120;

/** Tells of the ends of jobs that somebody wanted to be told of, by the browser's own notices. */
export function EndNotices() {
  const { data } = useQuery(endsQuery(useWatchedEnds()));
  const navigate = useNavigate();
  useEffect(() => {
    if (data === undefined) return;
    for (const job of data.ended) {
      const title = `${statusLabel(job.status)}: ${job.prompt.replace(/\s+/g, " ").slice(0, LONGEST_PROMPT)}`;
      const open = () => void navigate({ to: "/jobs/$id", params: { id: job.id } });
      if (!showNotice(title, `Flow ${job.flow}`, job.id, open))
        notifications.show({ title, message: `Flow ${job.flow}`, autoClose: false });
    }
    unwatchEnds([...data.ended.map(({ id }) => id), ...data.gone]);
  }, [data, navigate]);
  return null;
}

/** Returns whether the browser took it: some on phones allow notices, and then show none of a page. */
function showNotice(title: string, body: string, tag: string, onOpen: () => void): boolean {
  try {
    const notice = new Notification(title, { body, tag, icon: `${BASE_PATH}/ui/favicon.svg` });
    notice.onclick = () => {
      window.focus();
      onOpen();
      notice.close();
    };
    return true;
  } catch {
    return false;
  }
}
