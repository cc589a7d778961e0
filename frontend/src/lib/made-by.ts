/** Makers that have no id: the server writes their kind. */
const MAKERS: Readonly<Record<string, string>> = {
  "": "the first start",
  command: "the command line or the first start",
  system: "the server itself",
  everyone: "anybody (no sign-in)",
  proxy: "somebody whom the proxy let through",
};

/** Who made a key or an endpoint: a key by its name, a person, or the command line. */
export function madeBy(
  one: { readonly createdBy: string },
  keys: readonly { readonly id: string; readonly name: string }[],
): string {
  if (Object.hasOwn(MAKERS, one.createdBy)) return MAKERS[one.createdBy] ?? "";
  return keys.find(({ id }) => id === one.createdBy)?.name ?? one.createdBy;
}
