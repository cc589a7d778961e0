import { describe, expect, it } from "vitest";
import { parseSearch, stringifySearch } from "@/lib/search-params";
import { isFiltered, readAddress, readSearch, toFilter, toSearch } from "./search";

function read(address: string) {
  return toFilter(readSearch(parseSearch(address)));
}

describe("filters in the address", () => {
  it("are written for people, and read back as they were", () => {
    const filter = { status: ["FAILED", "PENDING"], flow: "mock", tag: "a&b", q: "“ü” + 1 = #2" } as const;
    const address = stringifySearch(toSearch(filter));
    expect(address).toMatch(/^\?status=FAILED&status=PENDING&flow=mock&/);
    expect(read(address)).toEqual(filter);
  });

  it("leave nothing behind when nothing is set", () => {
    expect(stringifySearch(toSearch(read("")))).toBe("");
    expect(isFiltered(read("?q=%20&unknown=1"))).toBe(false);
  });

  it("are cut to what the server takes", () => {
    expect(read(`?q=${"x".repeat(1_200)}`).q).toHaveLength(1_000);
  });

  it.each<[string, object]>([
    ["?status=failed&status=FAILED", { status: ["FAILED"] }],
    ["?status=EXPLODED", { status: [] }],
    ["?q=1&q=2", { q: "1" }],
    ["?flow=123", { flow: "123" }],
    ["?__proto__=x&constructor=y&q=z", { q: "z" }],
    ["?status", { status: [] }],
    ["?q=%E0%A4%A", { q: expect.any(String) }],
  ])("survive %s", (address, expected) => {
    expect(read(address)).toMatchObject(expected);
  });

  it("are apart from the job that is peeked at", () => {
    const address = readAddress(parseSearch("?flow=mock&peek=0123456789ABCDEF01234567"));
    expect(address).toEqual({ flow: "mock", peek: "0123456789abcdef01234567" });
    expect(toFilter(address)).toEqual({ status: [], flow: "mock", tag: "", q: "" });
    expect(readAddress(parseSearch("?peek=no-id"))).toEqual({});
  });
});
