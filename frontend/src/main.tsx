import "@fontsource-variable/inter/index.css";
import "@fontsource-variable/jetbrains-mono/index.css";
import "./styles/mantine.css";
import "./styles/tokens.css";
import "./styles/base.css";

import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { AccessProvider } from "./access/access-context";
import { LiveProvider } from "./live/live-context";
import { createQueryClient } from "./query-client";
import { makeRouter } from "./routes/router";
import { resolver, theme } from "./styles/theme";

const place = document.getElementById("root");
if (place === null) throw new Error("The page has no #root.");

createRoot(place).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={resolver} defaultColorScheme="auto">
      <QueryClientProvider client={createQueryClient()}>
        <AccessProvider>
          <LiveProvider>
            <RouterProvider router={makeRouter()} />
          </LiveProvider>
        </AccessProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
