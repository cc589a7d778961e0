import { client } from "./client";

/** Checks whether the server answers; contact.ts reports the outcome, as for every request. */
export async function probeServer(): Promise<void> {
  try {
    await client.GET("/health");
  } catch {
    // Already reported by the client; nothing to show here.
  }
}
