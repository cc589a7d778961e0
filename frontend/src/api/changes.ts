/** Ids of jobs that have changed; null: any job may have. */
export type Changed = ReadonlySet<string> | null;

/** Fetches what it shows of the changed jobs. Returns whether something is left to fetch in the next round. */
type Follower = (changed: Changed) => Promise<boolean>;

const followers = new Set<Follower>();
const creations = new Set<() => void>();

/** For what is patched rather than fetched anew: lists of jobs. */
export function onChanges(follower: Follower): () => void {
  followers.add(follower);
  return () => followers.delete(follower);
}

/** Returns, when all followers are done, whether one of them has something left to fetch. Fails if one of them failed. */
export async function reportChanges(changed: Changed): Promise<boolean> {
  const outcomes = await Promise.allSettled(Array.from(followers, (follow) => follow(changed)));
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return outcomes.some((outcome) => outcome.status === "fulfilled" && outcome.value);
}

/** A job was created in this tab: who created it wants to see it. */
export function onCreated(listener: () => void): () => void {
  creations.add(listener);
  return () => creations.delete(listener);
}

export function reportCreated(): void {
  for (const listener of creations) listener();
}
