import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo } from "react";
import { NeedsRight } from "@/access/needs-right";
import type { JobFilter } from "@/api/job-rows";
import { JobList } from "@/features/job-list/job-list";
import { type JobSearch, toFilter, toSearch } from "@/features/job-list/search";
import { focusField } from "@/lib/focus";
import { rememberList } from "@/lib/last-list";
import { useTitle } from "./use-title";

declare module "@tanstack/react-router" {
  interface HistoryState {
    /** The entry was made by typing in the search field. */
    isTyped?: boolean;
  }
}

/** Whether it comes from the search field alone. */
function isSearch(changed: Partial<JobFilter>): boolean {
  return Object.keys(changed).join() === "q";
}

export function JobsPage() {
  useTitle("Jobs");
  const search = useSearch({ from: "/" });
  // The same object as long as the address is the same: effects depend on it.
  const filter = useMemo(() => toFilter(search), [search]);
  const navigate = useNavigate({ from: "/" });
  const { hash, state } = useLocation();
  const { isTyped = false } = state;

  useEffect(() => rememberList(search), [search]);

  // "/" was pressed on another page.
  useEffect(() => {
    if (hash !== "") focusField(hash);
  }, [hash]);

  const change = useCallback(
    (changed: Partial<JobFilter>) => {
      void navigate({
        search: (current: JobSearch) => toSearch({ ...toFilter(current), ...changed }),
        // All that is typed at a time is one history entry; each choice is its own.
        replace: isTyped && isSearch(changed),
        state: { isTyped: isSearch(changed) },
        resetScroll: false,
      });
    },
    [navigate, isTyped],
  );

  return (
    <>
      <h1 className="visually-hidden">Jobs</h1>
      <NeedsRight right="read" title="You may not see jobs">
        <JobList filter={filter} onChange={change} />
      </NeedsRight>
    </>
  );
}
