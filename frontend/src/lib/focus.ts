/** Ids of the elements that shortcuts focus, shared by shortcut and element. */
export const PROMPT_FIELD = "new-job-prompt";
export const SEARCH_FIELD = "job-search";
export const MAIN = "main";

/** Anchor of a flow on the flows page, for links from its jobs. */
export function flowAnchor(flow: string): string {
  return `flow-${flow}`;
}

/** Use when the focused element is removed: the focus moves to the content, not to the top of the window. */
export function focusMain(): void {
  document.getElementById(MAIN)?.focus({ preventScroll: true });
}

/** Whether the focused element was removed or cannot be focused any more. */
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
