import { useLocation, useNavigate, useRouter, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { NeedsRight } from "@/access/needs-right";
import type { JobFilter } from "@/api/job-rows";
import { code, DialogLater } from "@/components/loaded-later";
import { JobList } from "@/features/job-list/job-list";
import { type ListAddress, toFilter, toSearch } from "@/features/job-list/search";
import { focusField } from "@/lib/focus";
import { rememberList } from "@/lib/last-list";
import { stringifySearch } from "@/lib/search-params";
import { useTitle } from "./use-title";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The entry was made by typing in the search field. */
    isTyped?: boolean;
    /** The entry was made by a peek from the list, which is one step back. */
    isPeek?: boolean;
  }
}

const PEEK = code(() => import("./job-peek").then((found) => found.JobPeekDrawer));

/** Whether it comes from the search field alone. */
function isSearch(changed: Partial<JobFilter>): boolean {
  return Object.keys(changed).join() === "q";
}

export function JobsPage() {
  useTitle("Jobs");
  const { peek = null, ...search } = useSearch({ from: "/" });
  // The same object as long as the filter in the address is the same: effects depend on it.
  const address = stringifySearch(search);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the address is what the search says
  const filter = useMemo(() => toFilter(search), [address]);
  const navigate = useNavigate({ from: "/" });
  const { hash, state } = useLocation();
  const { isTyped = false } = state;

  useEffect(() => rememberList(toSearch(filter)), [filter]);

  // "/" was pressed on another page.
  useEffect(() => {
    if (hash !== "") focusField(hash);
  }, [hash]);

  const change = useCallback(
    (changed: Partial<JobFilter>) => {
      void navigate({
        search: (current: ListAddress) => toSearch({ ...toFilter(current), ...changed }),
        // All that is typed at a time is one history entry; each choice is its own.
        replace: isTyped && isSearch(changed),
        state: { isTyped: isSearch(changed) },
        resetScroll: false,
      });
    },
    [navigate, isTyped],
  );

  const { open, close } = usePeek(peek);
  const [everPeeked, setEverPeeked] = useState(false);
  if (peek !== null && !everPeeked) setEverPeeked(true);

  return (
    <>
      <h1 className="visually-hidden">Jobs</h1>
      <NeedsRight right="read" title="You may not see jobs">
        <JobList filter={filter} onChange={change} peeked={peek} onPeek={open} />
        {everPeeked && (
          <DialogLater
            of={PEEK}
            props={{ opened: peek !== null, id: peek, filter, onMove: open, onClose: close }}
          />
        )}
      </NeedsRight>
    </>
  );
}

/** The first job that is peeked at is a history entry, so that Back closes it; the next ones take its place. */
function usePeek(peek: string | null) {
  const navigate = useNavigate({ from: "/" });
  const { history } = useRouter();
  const { isPeek = false } = useLocation().state;
  const now = useRef({ peek, isPeek, closing: false });
  useEffect(() => {
    now.current = { peek, isPeek, closing: false };
  }, [peek, isPeek]);

  const open = useCallback(
    (id: string) => {
      const { peek, isPeek } = now.current;
      void navigate({
        search: (search: ListAddress) => ({ ...search, peek: id }),
        replace: peek !== null,
        state: { isPeek: peek === null || isPeek },
        resetScroll: false,
      });
    },
    [navigate],
  );

  const close = useCallback(() => {
    const { isPeek, closing } = now.current;
    if (closing) return;
    now.current.closing = true;
    if (isPeek) history.back();
    else
      void navigate({
        search: ({ peek: _, ...search }: ListAddress) => search,
        replace: true,
        resetScroll: false,
      });
  }, [navigate, history]);

  return { open, close };
}
