import { lazyRouteComponent, type RouteComponent } from "@tanstack/react-router";
import { isSlowLine } from "@/lib/slow-line";

/** The code of a page did not come: the server cannot be reached, or has a newer page than the one that is open. */
export class PageNotLoadedError extends Error {
  override readonly name = "PageNotLoadedError";
}

/** The router would reload the window by itself, offline too, if it saw the browser's own error. */
function page<N extends string>(
  load: () => Promise<Record<N, () => React.ReactNode>>,
  name: N,
): RouteComponent {
  const loaded = () =>
    load().catch((cause: unknown) => {
      throw new PageNotLoadedError("The code of this page could not be loaded.", { cause });
    });
  return lazyRouteComponent(loaded, name);
}

export const AccountPage = page(() => import("./account-page"), "AccountPage");
export const AuditPage = page(() => import("./audit-page"), "AuditPage");
export const BatchPage = page(() => import("./batch-page"), "BatchPage");
export const BatchesPage = page(() => import("./batches-page"), "BatchesPage");
export const CallbacksPage = page(() => import("./callbacks-page"), "CallbacksPage");
export const ComparePage = page(() => import("./compare-page"), "ComparePage");
export const FlowsPage = page(() => import("./flows-page"), "FlowsPage");
export const JobPage = page(() => import("./job-page"), "JobPage");
export const KeysPage = page(() => import("./keys-page"), "KeysPage");
export const OverviewPage = page(() => import("./overview-page"), "OverviewPage");
export const WebhooksPage = page(() => import("./webhooks-page"), "WebhooksPage");

/**
 * Loads the code of what the header and the list lead to, and of dialogs, so that it opens at once, and while the
 * server is down; not on a slow line, nor where data costs money. The code of other pages comes when somebody points
 * at their link.
 */
export function loadNextPages(dialogs: readonly { readonly load: () => Promise<unknown> }[]): void {
  if (isSlowLine()) return;
  // A page that does not come is asked for again when it is opened.
  for (const dialog of dialogs) void dialog.load().catch(() => {});
  for (const page of [JobPage, FlowsPage, CallbacksPage]) void page.preload?.();
}
