/** The places that keys jump to. Named here, because those who press and those who are found never meet. */
export const PROMPT_FIELD = "new-job-prompt";
export const SEARCH_FIELD = "job-search";
export const MAIN = "main";

/** Where a flow stands on the page of flows, for links from its jobs. */
export function flowAnchor(flow: string): string {
  return `flow-${flow}`;
}

/** For when what had the focus is gone: the keyboard goes on at the content, not at the top of the window. */
export function focusMain(): void {
  document.getElementById(MAIN)?.focus({ preventScroll: true });
}

/** Whether what had the focus was taken away or cannot hold it any more. */
export function isFocusLost(): boolean {
  return document.activeElement === null || document.activeElement === document.body;
}

export function focusField(id: string): boolean {
  const field = document.getElementById(id);
  if (field === null) return false;
  field.focus();
  field.scrollIntoView({ block: "nearest" });
  return true;
}
