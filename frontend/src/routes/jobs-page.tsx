import { useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo } from "react";
import { NeedsRight } from "@/access/needs-right";
import type { JobFilter } from "@/api/job-rows";
import { JobList } from "@/features/job-list/job-list";
import { type JobSearch, toFilter, toSearch } from "@/features/job-list/search";
import { focusField } from "@/lib/focus";
import { rememberList } from "@/lib/last-list";
import { useTitle } from "./use-title";

export function JobsPage() {
  useTitle("Jobs");
  const search = useSearch({ from: "/" });
  // The same object as long as the address is the same: effects depend on it.
  const filter = useMemo(() => toFilter(search), [search]);
  const navigate = useNavigate({ from: "/" });
  const { hash } = useLocation();

  useEffect(() => rememberList(search), [search]);

  // "/" was pressed on another page.
  useEffect(() => {
    if (hash !== "") focusField(hash);
  }, [hash]);

  const change = useCallback(
    (changed: Partial<JobFilter>) => {
      void navigate({
        search: (current: JobSearch) => toSearch({ ...toFilter(current), ...changed }),
        // Typing in the search field adds no history entry; other filters do.
        replace: "q" in changed,
        resetScroll: false,
      });
    },
    [navigate],
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
