/**
 * URLs that people can read and write: `?status=FAILED&status=PENDING&q=invoice`; lists are repeated names, nothing is
 * encoded as JSON.
 */
export type SearchRecord = Record<string, string | string[]>;

export function parseSearch(text: string): SearchRecord {
  const found: SearchRecord = {};
  for (const [name, value] of new URLSearchParams(text)) {
    const before = Object.hasOwn(found, name) ? found[name] : undefined;
    if (before === undefined) {
      // Not by assignment, which would treat a parameter named __proto__ specially.
      Object.defineProperty(found, name, { value, writable: true, enumerable: true, configurable: true });
    } else found[name] = Array.isArray(before) ? [...before, value] : [before, value];
  }
  return found;
}

export function stringifySearch(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(search)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (typeof one === "string" && one !== "") params.append(name, one);
    }
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}

export function asList(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((one): one is string => typeof one === "string" && one !== "");
}

export function asText(value: unknown): string {
  return asList(value)[0] ?? "";
}
