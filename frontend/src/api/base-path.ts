/**
 * The path below which a reverse proxy serves the product, such as "/jobs-app"; empty at the root of a host.
 * `given`: what the server wrote into the page. `pathname`: where the page is open, which may be the server itself.
 */
export function basePathOf(given: string, pathname: string): string {
  return pathname === `${given}/ui` || pathname.startsWith(`${given}/ui/`) ? given : "";
}

export const BASE_PATH = basePathOf(document.documentElement.dataset["basePath"] ?? "", location.pathname);
