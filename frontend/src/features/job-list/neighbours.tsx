import { useNavigate } from "@tanstack/react-router";
import { lastList, rememberChosen } from "@/lib/last-list";
import { useShortcuts } from "@/lib/shortcuts";
import { PlaceInList } from "./place-in-list";
import { toFilter } from "./search";
import { useNeighbours } from "./use-neighbours";

/** The jobs before and after this one in the list that one came from, as far as it was loaded; nothing if it was not. */
export function Neighbours({ id }: { id: string }) {
  const navigate = useNavigate();
  const place = useNeighbours(toFilter(lastList()), id);
  const open = (to: string | undefined) => {
    if (to === undefined) return;
    rememberChosen(to);
    // In place: Back leads to the list, and not through all jobs that were looked at.
    void navigate({ to: "/jobs/$id", params: { id: to }, replace: true });
  };
  useShortcuts({ j: () => open(place?.after), k: () => open(place?.before) });
  return place === null ? null : <PlaceInList place={place} onOpen={open} />;
}
