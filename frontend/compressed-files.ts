import { readdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const COMPRESSED = /\.(js|css|svg)$/;
/** Smaller files fit into one packet anyway. */
const MINIMUM_BYTES = 1_000;
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
const CODINGS = [
  [".br", (bytes: Buffer) => promisify(brotliCompress)(bytes, BROTLI)],
  [".gz", (bytes: Buffer) => promisify(gzip)(bytes, { level: 9 })],
] as const;

/** Writes a compressed twin of each file beside it, which the server sends instead (backend: http/page.py). */
export function compressedFiles(): Plugin {
  let folder = "";
  return {
    name: "compressed-files",
    apply: "build",
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    async closeBundle() {
      const files = await readdir(folder, { recursive: true });
      await Promise.all(
        files.filter((file) => COMPRESSED.test(file)).map((file) => compress(join(folder, file))),
      );
    },
  };
}

async function compress(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < MINIMUM_BYTES) return;
  for (const [ending, coded] of CODINGS) await writeFile(path + ending, await coded(bytes));
}
