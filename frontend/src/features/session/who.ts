import { createContext, use } from "react";
import type { Who } from "@/api/session";

const WhoContext = createContext<Who | null>(null);

export const WhoProvider = WhoContext.Provider;

/** Who one is; `null`: not known, because the server did not answer yet. */
export function useWho(): Who | null {
  return use(WhoContext);
}
