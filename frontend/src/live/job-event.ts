/** The stream's event about one job. It is only a hint: an unreadable one means "something changed". */
export interface JobEvent {
  readonly id: string;
}

export function readJobEvent(data: string): JobEvent | null {
  try {
    const value: unknown = JSON.parse(data);
    if (typeof value === "object" && value !== null && "id" in value && typeof value.id === "string") {
      return { id: value.id };
    }
  } catch {
    // Not JSON: see above.
  }
  return null;
}
