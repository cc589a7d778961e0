import { useCallback, useSyncExternalStore } from "react";
import { readStored, writeStored } from "./stored";

/** A filter of the job list that has a name. */
export interface SavedView {
  readonly name: string;
  /** As it stands in the list's address: "?status=FAILED&q=invoice". */
  readonly search: string;
}

export const MOST_VIEWS = 50;
export const LONGEST_NAME = 60;
export const NOT_KEPT = "The browser did not keep the view: its storage is full or forbidden.";
const LONGEST_SEARCH = 16_000;

/** With the version of what is kept: a page of another version reads and writes under another name. */
const STORED_AS = "job-processor-views-1:";
const NONE: readonly SavedView[] = [];

/** What somebody else wrote there, or what is damaged, is left out. */
export function parseViews(text: string | null): readonly SavedView[] {
  let found: unknown;
  try {
    found = JSON.parse(text ?? "[]");
  } catch {
    return NONE;
  }
  if (!Array.isArray(found)) return NONE;
  const views = new Map<string, SavedView>();
  for (const one of found as unknown[]) {
    const view = asView(one);
    if (view !== null && !views.has(view.name) && views.size < MOST_VIEWS) views.set(view.name, view);
  }
  return [...views.values()];
}

function asView(value: unknown): SavedView | null {
  if (typeof value !== "object" || value === null || !("name" in value) || !("search" in value)) return null;
  const { name, search } = value;
  if (typeof name !== "string" || typeof search !== "string") return null;
  return nameProblem(name) === null && isSearch(search) ? { name: tidy(name), search } : null;
}

function isSearch(search: string): boolean {
  return search.startsWith("?") && search.length <= LONGEST_SEARCH;
}

/** Spaces at the ends and in a row cannot be told apart in a menu. */
export function tidy(name: string): string {
  return name.trim().replace(/\s+/g, " ");
}

/** What is wrong with a name; null if nothing is. */
export function nameProblem(name: string): string | null {
  const { length } = tidy(name);
  if (length === 0) return "Give the view a name.";
  return length > LONGEST_NAME ? `A name has at most ${LONGEST_NAME} characters.` : null;
}

/** What prevents saving a view under this name; null if nothing does. One of the same name is replaced. */
export function saveProblem(views: readonly SavedView[], view: SavedView): string | null {
  const wrong = nameProblem(view.name);
  if (wrong !== null) return wrong;
  if (!isSearch(view.search)) return "This filter is too long to be saved.";
  if (views.length >= MOST_VIEWS && !hasView(views, view.name))
    return `There are ${MOST_VIEWS} views: delete one first.`;
  return null;
}

export function hasView(views: readonly SavedView[], name: string): boolean {
  return views.some((view) => view.name === tidy(name));
}

export function withView(views: readonly SavedView[], view: SavedView): readonly SavedView[] {
  const kept = { ...view, name: tidy(view.name) };
  return hasView(views, kept.name)
    ? views.map((one) => (one.name === kept.name ? kept : one))
    : [...views, kept];
}

export function withoutView(views: readonly SavedView[], name: string): readonly SavedView[] {
  return views.filter((view) => view.name !== name);
}

export function renamedView(views: readonly SavedView[], from: string, to: string): readonly SavedView[] {
  return views.map((view) => (view.name === from ? { ...view, name: tidy(to) } : view));
}

const listeners = new Set<() => void>();
let seen: { key: string; text: string | null; views: readonly SavedView[] } | null = null;

/** The same array as long as the same text is stored. */
function read(key: string): readonly SavedView[] {
  const text = readStored(key);
  if (seen === null || seen.key !== key || seen.text !== text) seen = { key, text, views: parseViews(text) };
  return seen.views;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  // Another tab changed them.
  addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    removeEventListener("storage", listener);
  };
}

/** Returns whether the change is kept. */
export type ChangeViews = (how: (views: readonly SavedView[]) => readonly SavedView[]) => boolean;

/** The views that this browser keeps for an owner, and how to change them. */
export function useSavedViews(owner: string): readonly [readonly SavedView[], ChangeViews] {
  const key = STORED_AS + owner;
  const views = useSyncExternalStore(subscribe, () => read(key));
  const change = useCallback<ChangeViews>(
    (how) => {
      const kept = writeStored(key, JSON.stringify(how(read(key))));
      for (const listener of listeners) listener();
      return kept;
    },
    [key],
  );
  return [views, change];
}
