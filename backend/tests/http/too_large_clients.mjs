// node too_large_clients.mjs CLIENT URL BYTES MODE HEADERS: send a body and print the answer that was seen, as JSON.
import http from "node:http";
import { Readable } from "node:stream";

const [client, url, bytes, mode, headersJson] = process.argv.slice(2);
const size = Number(bytes);
const headers = { "content-type": "application/json", ...JSON.parse(headersJson) };
const CHUNK = Buffer.alloc(65536, "x");

function* chunks() {
  for (let left = size; left > 0; left -= CHUNK.length) yield CHUNK.subarray(0, Math.min(left, CHUNK.length));
}

const clients = {
  async fetch() {
    const body = mode === "chunked" ? Readable.toWeb(Readable.from(chunks())) : Buffer.alloc(size, "x");
    const answer = await fetch(url, { method: "POST", headers, body, duplex: "half" });
    return { status: answer.status, body: await answer.text() };
  },
  async axios() {
    const { default: axios } = await import(process.env.AXIOS);
    const data = mode === "chunked" ? Readable.from(chunks()) : Buffer.alloc(size, "x");
    const answer = await axios.post(url, data, {
      headers,
      maxBodyLength: Number.POSITIVE_INFINITY,
      validateStatus: () => true,
      transformResponse: (text) => text,
    });
    return { status: answer.status, body: answer.data };
  },
  http() {
    return new Promise((resolve, reject) => {
      const length = mode === "chunked" ? {} : { "content-length": size };
      const request = http.request(url, { method: "POST", headers: { ...headers, ...length } }, (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (text) => (body += text));
        answer.on("end", () => resolve({ status: answer.statusCode, body })).on("error", reject);
      });
      request.on("error", reject);
      Readable.from(chunks()).pipe(request);
    });
  },
};

console.log(JSON.stringify(await clients[client]()));
