import { useIsRestoring, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** Whether all that the page asked for at first was answered, for what can wait until then. It stays true. */
export function useComplete(): boolean {
  const queries = useQueryClient();
  const held = useIsRestoring();
  const [complete, setComplete] = useState(false);
  useEffect(() => {
    if (held || complete) return;
    const cache = queries.getQueryCache();
    let on = true;
    const look = () => {
      const shown = cache.findAll({ type: "active" });
      if (on && shown.length > 0 && shown.every(({ state }) => state.status !== "pending")) setComplete(true);
    };
    look();
    // The cache tells of queries while components render, when no state may be set.
    const stop = cache.subscribe(() => queueMicrotask(look));
    return () => {
      on = false;
      stop();
    };
  }, [queries, held, complete]);
  return complete;
}
