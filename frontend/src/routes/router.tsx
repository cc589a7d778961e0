import { IconMapPinQuestion } from "@tabler/icons-react";
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  Navigate,
  type RouterHistory,
} from "@tanstack/react-router";
import { FAILED_PATH } from "@/access/sign-in-form";
import { BASE_PATH } from "@/api/base-path";
import { Notice } from "@/components/notice";
import { readSearch as readAuditSearch } from "@/features/audit/search";
import { readSearch as readCallbackSearch } from "@/features/callbacks/search";
import { readSearch } from "@/features/job-list/search";
import { parseSearch, stringifySearch } from "@/lib/search-params";
import { AccountPage } from "./account-page";
import { AuditPage } from "./audit-page";
import { BatchPage } from "./batch-page";
import { BatchesPage } from "./batches-page";
import { CallbacksPage } from "./callbacks-page";
import { ComparePage } from "./compare-page";
import { FlowsPage } from "./flows-page";
import { JobPage } from "./job-page";
import { JobsPage } from "./jobs-page";
import { KeysPage } from "./keys-page";
import { Shell } from "./shell";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const routes = root.addChildren([
  createRoute({ getParentRoute: () => root, path: "/", validateSearch: readSearch, component: JobsPage }),
  createRoute({ getParentRoute: () => root, path: "/jobs/$id", component: JobPage }),
  createRoute({ getParentRoute: () => root, path: "/jobs/$id/compare/$otherId", component: ComparePage }),
  createRoute({ getParentRoute: () => root, path: "/flows", component: FlowsPage }),
  createRoute({
    getParentRoute: () => root,
    path: "/callbacks",
    validateSearch: readCallbackSearch,
    component: CallbacksPage,
  }),
  createRoute({ getParentRoute: () => root, path: "/batches", component: BatchesPage }),
  createRoute({ getParentRoute: () => root, path: "/batches/$id", component: BatchPage }),
  createRoute({ getParentRoute: () => root, path: "/keys", component: KeysPage }),
  createRoute({
    getParentRoute: () => root,
    path: "/audit",
    validateSearch: readAuditSearch,
    component: AuditPage,
  }),
  createRoute({ getParentRoute: () => root, path: "/account", component: AccountPage }),
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
    <Notice icon={IconMapPinQuestion} title="Page not found">
      <Link to="/">Go to the list of jobs</Link>
    </Notice>
  );
}
