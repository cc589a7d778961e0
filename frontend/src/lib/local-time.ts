/** The values of `<input type="datetime-local">`: the reader's own time, without a zone. */
const FIELD = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/;

/** Milliseconds; null while the field is empty or half filled. */
export function fromLocal(text: string): number | null {
  if (!FIELD.test(text)) return null;
  const at = new Date(text).getTime();
  return Number.isNaN(at) ? null : at;
}

/** For the field: to the minute. "" for what is no time. */
export function toLocal(ms: number): string {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "";
  const two = (value: number) => String(value).padStart(2, "0");
  const year = String(at.getFullYear()).padStart(4, "0");
  return `${year}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}`;
}
