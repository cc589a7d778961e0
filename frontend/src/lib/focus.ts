/** The places that keys jump to. Named here, because those who press and those who are found never meet. */
export const PROMPT_FIELD = "new-job-prompt";
export const SEARCH_FIELD = "job-search";

export function focusField(id: string): boolean {
  const field = document.getElementById(id);
  if (field === null) return false;
  field.focus();
  field.scrollIntoView({ block: "nearest" });
  return true;
}
