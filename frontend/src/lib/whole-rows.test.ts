import { expect, it } from "vitest";
import { type ExportFormat, WholeRows } from "./whole-rows";

const EXPORTS: readonly [ExportFormat, string][] = [
  ["ndjson", '{"id":"03","prompt":"a\\nb \\"c\\" ü"}\n{"id":"02","prompt":"\\""}\n{"id":"01"}\n'],
  ["csv", 'id,prompt\r\n03,"a\r\nb ""c"" ü"\r\n02,""""\r\n01,plain\r\n'],
];

const bytes = (text: string) => new Uint8Array(new TextEncoder().encode(text));
const text = (parts: Uint8Array<ArrayBuffer>[]) => new Blob(parts).text();

it.each(EXPORTS)("%s: rows are whole however the bytes are cut", async (format, sent) => {
  for (let size = 1; size <= bytes(sent).length; size++) {
    const rows = new WholeRows(format);
    const parts: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes(sent).length; at += size)
      parts.push(...rows.take(bytes(sent).subarray(at, at + size)));
    expect(await text(parts)).toBe(sent);
    expect([rows.count, rows.last]).toEqual([3, "01"]);
  }
});

it.each(EXPORTS)(
  "%s: one that breaks off anywhere and goes on behind the last whole row is the same",
  async (format, sent) => {
    const all = bytes(sent);
    for (let broken = 0; broken <= all.length; broken++) {
      const rows = new WholeRows(format);
      const parts = rows.take(all.subarray(0, broken));
      rows.drop();
      const came = (await text(parts)).length;
      const rest = new TextDecoder().decode(all).slice(came);
      // The server sends the line of the columns again where no job came yet.
      if (rows.last === null) parts.length = 0;
      parts.push(...rows.take(bytes(rows.last === null ? sent : rest)));
      expect(await text(parts)).toBe(sent);
      expect([rows.count, rows.last]).toEqual([3, "01"]);
    }
  },
);
