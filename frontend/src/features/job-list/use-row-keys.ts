import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useShortcuts } from "@/lib/shortcuts";

/** Kept outside the component: after returning from a job, j continues at the next one. */
let lastChosen: string | null = null;

/** j and k select a job, Enter opens it, Esc deselects. The selection is an id, so it stays when rows move. */
export function useRowKeys(ids: readonly string[]): string | null {
  const [chosen, setChosen] = useState(lastChosen);
  const navigate = useNavigate();
  const selected = chosen !== null && ids.includes(chosen) ? chosen : null;

  useEffect(() => {
    lastChosen = chosen;
    if (chosen !== null) {
      document.querySelector(`[data-job="${chosen}"]`)?.scrollIntoView({ block: "nearest" });
    }
  }, [chosen]);

  const move = (by: number) => {
    const from = selected === null ? (by > 0 ? -1 : ids.length) : ids.indexOf(selected);
    const target = ids[Math.min(ids.length - 1, Math.max(0, from + by))];
    if (target === undefined) return;
    setChosen(target);
  };

  const letGo = () => setChosen(null);
  const open = (event: KeyboardEvent) => {
    // On a link or button Enter already has a meaning.
    if (selected === null || (event.target instanceof Element && event.target.closest("a, button, summary")))
      return;
    event.preventDefault();
    void navigate({ to: "/jobs/$id", params: { id: selected } });
  };

  useShortcuts({ j: () => move(1), k: () => move(-1), Escape: letGo, Enter: open });
  return selected;
}
