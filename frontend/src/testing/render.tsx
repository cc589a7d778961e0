import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";
import { AccessProvider } from "@/access/access-context";
import { LiveProvider } from "@/live/live-context";
import { createQueryClient } from "@/query-client";
import { makeRouter } from "@/routes/router";

/** One component with its providers, without a router. */
export function alone(element: ReactElement) {
  return <MantineProvider env="test">{element}</MantineProvider>;
}

export function renderAlone(element: ReactElement) {
  return render(alone(element));
}

/** The whole page at a URL: "/ui/?status=FAILED". */
export function renderPage(address: string) {
  const router = makeRouter(createMemoryHistory({ initialEntries: [address] }));
  const view = render(
    <MantineProvider env="test">
      <QueryClientProvider client={createQueryClient()}>
        <AccessProvider>
          <LiveProvider streamFirst={false}>
            <RouterProvider router={router} />
          </LiveProvider>
        </AccessProvider>
      </QueryClientProvider>
    </MantineProvider>,
  );
  return { ...view, router };
}
