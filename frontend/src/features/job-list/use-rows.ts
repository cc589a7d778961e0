import { keepPreviousData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { type Changed, onChanges, onCreated } from "@/api/changes";
import {
  countJobs,
  IDS_AT_MOST,
  type JobFilter,
  type Row,
  refreshRows,
  rowsKey,
  rowsQuery,
  showNewest,
} from "@/api/job-rows";
import { isFinal } from "@/lib/status";
import { isAttended, isScrolled, useWatchedPointer } from "./attention";
import { canBeNews, leftOf, type News, NO_NEWS, newsOf, questionOf } from "./news";

/** A list that nobody attends to shows what is new by itself, this long after the last job came. */
const QUIET_MS = 1_500;

/**
 * The rows of a list, which hold still: they are patched where they stand, and what is new is only counted (`news`)
 * until the reader asks for it, or nobody reads. `inSight`: ids of the rows that are drawn.
 */
export function useRows(
  filter: JobFilter,
  list: RefObject<HTMLElement | null>,
  inSight: RefObject<readonly string[]>,
) {
  const queries = useQueryClient();
  const query = useInfiniteQuery({ ...rowsQuery(filter), placeholderData: keepPreviousData });
  const [found, setFound] = useState<{ filter: JobFilter; news: News }>({ filter, news: NO_NEWS });
  const dirty = useRef(new Set<string>());
  const arrivals = useRef({ count: 0, at: Number.NEGATIVE_INFINITY });
  useWatchedPointer();

  const rows = useMemo(() => rowsOf(query.data?.pages), [query.data]);
  const left = query.isPlaceholderData ? 0 : leftOf(filter, rows);
  const news = useMemo(
    () => (found.filter === filter ? { ...found.news, left } : { ...NO_NEWS, left }),
    [found, filter, left],
  );

  const show = useCallback(
    async (still: () => boolean = () => true) => {
      if (!(await showNewest(queries, filter, still))) return;
      dirty.current.clear();
      arrivals.current = { ...arrivals.current, count: 0 };
      setFound({ filter, news: NO_NEWS });
    },
    [queries, filter],
  );

  const mayFollow = useCallback(() => {
    const data = queries.getQueryData(rowsQuery(filter).queryKey);
    return data?.pages.length === 1 && !isAttended(list.current);
  }, [queries, filter, list]);

  const follow = useCallback(
    async (changed: Changed): Promise<boolean> => {
      const have = rowsOf(queries.getQueryData(rowsQuery(filter).queryKey)?.pages);
      const question = questionOf(filter, have);
      if (question === null) {
        if (queries.getQueryData(rowsKey(filter)) !== undefined) await show();
        return false;
      }
      for (const row of have) {
        if (changed === null ? !isFinal(row.status) || inSight.current.includes(row.id) : changed.has(row.id))
          dirty.current.add(row.id);
      }
      const seen = inSight.current.filter((id) => dirty.current.has(id));
      const ids = Array.from(new Set([...seen, ...dirty.current])).slice(0, IDS_AT_MOST);
      for (const id of ids) dirty.current.delete(id);
      const [count] = await Promise.all([
        canBeNews(filter, have, changed) ? countJobs(filter, question.after) : null,
        ids.length > 0 ? refreshRows(queries, ids) : null,
      ]);
      if (count !== null) {
        const next = newsOf(filter, have, question, count);
        const { count: before, at } = arrivals.current;
        arrivals.current = { count: next.arrived, at: next.arrived > before ? performance.now() : at };
        setFound({ filter, news: next });
      }
      return dirty.current.size > 0;
    },
    [queries, filter, inSight, show],
  );

  useEffect(() => onChanges(follow), [follow]);

  // Events were missed while another page was shown.
  useEffect(() => {
    void follow(null).catch(() => {});
  }, [follow]);

  useEffect(
    () =>
      onCreated(() => {
        if (!isScrolled()) void show().catch(() => {});
      }),
    [show],
  );

  const isNews = news.arrived > 0 || news.left > 0;
  useEffect(() => {
    if (!isNews) return undefined;
    const timer = setInterval(() => {
      const quiet = performance.now() - arrivals.current.at > QUIET_MS;
      // A reader may have come while the page was fetched.
      if (quiet && !document.hidden && mayFollow()) void show(mayFollow).catch(() => {});
    }, QUIET_MS / 3);
    return () => clearInterval(timer);
  }, [isNews, mayFollow, show]);

  const more = useCallback(async () => {
    await query.fetchNextPage({ cancelRefetch: false });
    // The library puts the new page behind the rows as they were before it was fetched.
    await follow(null);
  }, [query.fetchNextPage, follow]);

  return { query, rows, news, show, more };
}

function rowsOf(pages: readonly { readonly jobs: readonly Row[] }[] | undefined): readonly Row[] {
  return pages?.flatMap((page) => page.jobs) ?? [];
}
