import { QueryClient } from "@tanstack/react-query";

/** Events and polling say when to look again (live/), so the library's own ways of guessing it are off. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        staleTime: 2_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // A server on this very machine answers without any network.
        networkMode: "always",
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
