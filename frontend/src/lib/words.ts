/** The words of a text, as a list that is kept while somebody types. */
export function words(text: string): string[] {
  return text.split(" ").filter((word) => word !== "");
}
