import { QueryClient } from "@tanstack/react-query";

/** Events and polling decide when to refetch (live/), so the library's own refetching is off. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        staleTime: 2_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        // A server on this machine answers without a network.
        networkMode: "always",
      },
      mutations: { networkMode: "always", retry: false },
    },
  });
}
