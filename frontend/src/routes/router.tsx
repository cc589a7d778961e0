import { IconMapPinQuestion } from "@tabler/icons-react";
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  Navigate,
  type RouterHistory,
} from "@tanstack/react-router";
import { FAILED_PATH } from "@/access/failed-path";
import { BASE_PATH } from "@/api/base-path";
import { Notice } from "@/components/notice";
import { readSearch as readAuditSearch } from "@/features/audit/search";
import { readSearch as readCallbackSearch } from "@/features/callbacks/search";
import { readAddress } from "@/features/job-list/search";
import { readSearch as readOverviewSearch } from "@/features/overview/search";
import { readSearch as readWebhookSearch } from "@/features/webhooks/search";
import { parseSearch, stringifySearch } from "@/lib/search-params";
import { JobsPage } from "./jobs-page";
import {
  AccountPage,
  AuditPage,
  BatchesPage,
  BatchPage,
  CallbacksPage,
  ComparePage,
  FlowsPage,
  JobPage,
  KeysPage,
  OverviewPage,
  WebhooksPage,
} from "./lazy-pages";
import { PageNotLoaded } from "./page-not-loaded";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

/** A page whose code comes when it is opened, or when there is nothing else to load. */
const later = { getParentRoute: () => root, errorComponent: PageNotLoaded } as const;

const routes = root.addChildren([
  createRoute({ getParentRoute: () => root, path: "/", validateSearch: readAddress, component: JobsPage }),
  createRoute({ ...later, path: "/jobs/$id", component: JobPage }),
  createRoute({ ...later, path: "/jobs/$id/compare/$otherId", component: ComparePage }),
  createRoute({ ...later, path: "/overview", validateSearch: readOverviewSearch, component: OverviewPage }),
  createRoute({ ...later, path: "/flows", component: FlowsPage }),
  createRoute({ ...later, path: "/callbacks", validateSearch: readCallbackSearch, component: CallbacksPage }),
  createRoute({ ...later, path: "/batches", component: BatchesPage }),
  createRoute({ ...later, path: "/batches/$id", component: BatchPage }),
  createRoute({ ...later, path: "/webhooks", validateSearch: readWebhookSearch, component: WebhooksPage }),
  createRoute({ ...later, path: "/keys", component: KeysPage }),
  createRoute({ ...later, path: "/audit", validateSearch: readAuditSearch, component: AuditPage }),
  createRoute({ ...later, path: "/account", component: AccountPage }),
  // Shown by the gate while nobody is signed in, whatever the path is.
  createRoute({ getParentRoute: () => root, path: FAILED_PATH, component: ToTheList }),
]);

export function makeRouter(history?: RouterHistory) {
  return createRouter({
    routeTree: routes,
    basepath: `${BASE_PATH}/ui/`,
    parseSearch,
    stringifySearch,
    scrollRestoration: true,
    defaultPreload: "intent",
    ...(history !== undefined && { history }),
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}

function ToTheList() {
  return <Navigate to="/" replace />;
}

function NotFound() {
  return (
    <Notice isPage icon={IconMapPinQuestion} title="Page not found">
      <Link to="/">Go to the list of jobs</Link>
    </Notice>
  );
}
