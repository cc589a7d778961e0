/** The cursor in `Link: <…?cursor=…>; rel="next"` (RFC 8288); null when this was the last page. */
export function nextCursor(link: string | null): string | null {
  for (const part of (link ?? "").matchAll(/<([^>]*)>([^<]*)/g)) {
    const [, target = "", parameters = ""] = part;
    if (/;\s*rel="?next"?/i.test(parameters)) {
      return new URL(target, location.origin).searchParams.get("cursor");
    }
  }
  return null;
}
