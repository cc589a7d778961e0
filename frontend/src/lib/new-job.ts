import { createContext, use } from "react";

/** Opens the dialog of a new job. */
export const NewJobContext = createContext<() => void>(() => {});

export function useNewJob(): () => void {
  return use(NewJobContext);
}
