// BullMQ on Redis behind Node's own HTTP server: the same three commands as in ../front.py.
import { randomBytes } from "node:crypto";
import http from "node:http";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";

const CONCURRENCY = 100;
const FILL = 1000;
const NAME = "jobs";
// Commands of one turn of the event loop go out together, as BullMQ advises for many additions.
const redis = new Redis(process.env.DATABASE_URL, { enableAutoPipelining: true, maxRetriesPerRequest: null });
// A completed job is removed, instead of being kept in one more set.
const queue = new Queue(NAME, { connection: redis, defaultJobOptions: { removeOnComplete: true } });

// BullMQ refuses ids of digits alone, so the first is a letter.
const newId = () => `a${randomBytes(12).toString("hex").slice(1)}`;

function work(run) {
  const connection = new Redis(process.env.DATABASE_URL, { maxRetriesPerRequest: null });
  const worker = new Worker(NAME, run, { connection, concurrency: CONCURRENCY });
  worker.on("error", (error) => {
    console.error(error);
    process.exit(1);
  });
  return worker;
}

function body(request) {
  return new Promise((resolve, reject) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => resolve(JSON.parse(Buffer.concat(parts).toString())));
    request.on("error", reject);
  });
}

function answer(response, status, value) {
  const text = JSON.stringify(value);
  // In lower case, as the load generator reads them.
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  response.end(text);
}

async function handle(request, response) {
  const given = await body(request);
  if (request.url === "/jobs") {
    const id = newId();
    await queue.add("job", { prompt: given.prompt }, { jobId: id });
    answer(response, 201, { id, status: "PENDING" });
  } else {
    await redis.set(`result:${given.jobId}`, given.result, "NX");
    answer(response, 200, { id: given.jobId, status: "COMPLETED" });
  }
}

async function serve() {
  const server = http.createServer((request, response) => {
    handle(request, response).catch((error) => {
      console.error(error);
      answer(response, 500, {});
    });
  });
  server.listen(0, "127.0.0.1", 2048, () => console.log(`http://127.0.0.1:${server.address().port}/`));
}

function dispatchTo(sink) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 100 });
  return (job) =>
    new Promise((resolve) => {
      const text = JSON.stringify({ jobId: job.id, prompt: job.data.prompt });
      const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
      const request = http.request(sink, { method: "POST", agent, headers }, (response) => {
        response.resume();
        response.on("end", resolve);
      });
      // The sink ends before this process does.
      request.on("error", resolve);
      request.end(text);
    });
}

async function fill(jobs) {
  for (let start = 0; start < jobs; start += FILL) {
    const count = Math.min(FILL, jobs - start);
    const made = (_, i) => ({
      name: "job",
      data: { prompt: `Summarise document number ${start + i}` },
      opts: { jobId: newId() },
    });
    await queue.addBulk(Array.from({ length: count }, made));
  }
}

async function drain(jobs) {
  let left = jobs;
  const start = performance.now();
  await new Promise((resolve) => {
    work(async () => {
      left -= 1;
      if (left === 0) resolve();
    });
  });
  console.log(jobs / ((performance.now() - start) / 1000));
}

const [command, waiting, jobs] = process.argv.slice(2);
if (command === "serve") {
  await redis.flushall();
  await serve();
} else if (command === "work") {
  work(dispatchTo(process.env.SINK));
} else if (command === "drain") {
  await redis.flushall();
  await fill(Number(waiting));
  await drain(Number(jobs));
  process.exit(0);
} else {
  console.error("serve, work, or drain WAITING JOBS");
  process.exit(2);
}
