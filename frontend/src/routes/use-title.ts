import { useEffect } from "react";
import { BASE_PATH } from "@/api/base-path";

const ICON = `${BASE_PATH}/ui/favicon.svg`;
const ICON_FAILED = `${BASE_PATH}/ui/favicon-failed.svg`;

/** The tab's title, and its icon: `failed` marks it, because of many tabs only the icons are seen. */
export function useTitle(title: string, failed = false): void {
  useEffect(() => {
    document.title = `${title} · Job Processor`;
  }, [title]);
  useEffect(() => {
    if (!failed) return undefined;
    setIcon(ICON_FAILED);
    return () => setIcon(ICON);
  }, [failed]);
}

function setIcon(address: string): void {
  document.querySelector('link[rel="icon"]')?.setAttribute("href", address);
}
