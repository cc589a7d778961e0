import { client } from "./client";

/** Asks whether the server is there. The answer goes the way of every answer: see contact.ts. */
export async function probeServer(): Promise<void> {
  try {
    await client.GET("/health");
  } catch {
    // The failure has been reported; there is nothing to show here.
  }
}
