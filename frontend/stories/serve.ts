/**
 * Serves every story: the built page, each time at a path of its own, with an API that answers from the story.
 *
 *     node stories/serve.ts FOLDER-OF-THE-BUILT-PAGE [PORT]
 */
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { type Asked, Beginning, NOW, Refusal } from "./answers.ts";
import { STORIES, type Step, type Story } from "./stories.ts";

const [folder = "../backend/src/job_processor/ui", port = "0"] = process.argv.slice(2);

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** Of one answer, so that no screen is longer than it needs to be. */
const ROWS_AT_MOST = 20;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://stories");
  // The page's clock follows the server's.
  response.setHeader("date", new Date(NOW).toUTCString());
  if (pathname === "/") return send(response, 200, "text/html", index());
  if (pathname === "/stories.json")
    return sendJson(response, 200, { now: NOW, stories: STORIES.map(ofStory) });
  // The page's files are the same for all stories, so that a browser loads and compiles them once.
  if (TYPES[extname(pathname)] !== undefined) return sendFile(response, pathname);
  const [, name = "", path = ""] = /^\/([^/]+)(\/.*)$/.exec(pathname) ?? [];
  const story = STORIES.find((one) => one.name === name);
  if (story === undefined) return send(response, 404, "text/plain", "No such story.\n");
  if (path.startsWith("/ui/")) return sendPage(response, story);
  if (path === "/events") return openStream(response);
  if (request.method === "GET") return sendApi(response, story.api, path, searchParams);
  return sendApi(response, story.api, `${request.method} ${path}`, searchParams, await json(request));
}

function ofStory({ api: _, ...rest }: Story) {
  return rest;
}

async function sendFile(response: ServerResponse, pathname: string): Promise<void> {
  const path = normalize(pathname.slice(pathname.indexOf("/ui/") + "/ui/".length));
  if (path.startsWith("..")) return send(response, 404, "text/plain", "No such file.\n");
  response.setHeader("cache-control", "max-age=3600");
  return send(response, 200, TYPES[extname(path)] ?? "", await readFile(join(folder, path)));
}

async function sendPage(response: ServerResponse, { name }: Story): Promise<void> {
  const html = (await readFile(join(folder, "index.html"), "utf8"))
    .replaceAll('="./', '="/ui/')
    .replace('data-base-path=""', `data-base-path="/${name}"`);
  return send(response, 200, "text/html", html);
}

/** A stream on which nothing happens. */
function openStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("event: hello\ndata: {}\n\n");
}

async function json(request: IncomingMessage): Promise<unknown> {
  const text = (await request.toArray()).join("");
  return text === "" ? null : JSON.parse(text);
}

/** `path`: with the method before it, if that is not GET. */
function sendApi(
  response: ServerResponse,
  api: Story["api"],
  path: string,
  query: URLSearchParams,
  body: unknown = null,
): void {
  const { answer: named, id } = findAnswer(api, path);
  const found = typeof named === "function" ? named({ query, id, body }) : named;
  if (found instanceof Refusal) {
    sendProblem(response, found);
    return;
  }
  if (found instanceof Beginning) {
    sendBeginning(response, found);
    return;
  }
  const limit = query.has("ids") ? Number.POSITIVE_INFINITY : ROWS_AT_MOST;
  if (!Array.isArray(found) || found.length <= limit) {
    sendJson(response, 200, found);
    return;
  }
  const next = new URLSearchParams(query);
  next.set("cursor", found[limit - 1].id);
  response.setHeader("link", `<${path}?${next}>; rel="next"`);
  sendJson(response, 200, found.slice(0, limit));
}

/** Long enough for the page to take what came, which it drops if the connection breaks first. */
const BREAKS_AFTER_MS = 300;

function sendBeginning(response: ServerResponse, { text, end }: Beginning): void {
  response.writeHead(200, { "content-type": "text/plain" }).write(text);
  if (end === "breaks") setTimeout(() => response.destroy(), BREAKS_AFTER_MS);
}

function findAnswer(api: Story["api"], path: string) {
  const answers = Object.entries(api) as [string, unknown | ((asked: Asked) => unknown)][];
  const exact = answers.find(([name]) => name === path);
  if (exact !== undefined) return { answer: exact[1], id: "" };
  for (const [name, found] of answers) {
    const match = new RegExp(`^${name.replaceAll(/\{\w+\}/g, "([^/]+)")}$`).exec(path);
    if (match !== null) return { answer: found, id: match[1] ?? "" };
  }
  const refusal = path.startsWith("/")
    ? new Refusal(404, `The story does not answer ${path}.`)
    : new Refusal(501, "In this story nothing changes.");
  return { answer: refusal, id: "" };
}

function sendProblem(response: ServerResponse, { status, detail }: Refusal): void {
  const problem = {
    type: "about:blank",
    title: detail,
    status,
    detail,
    error: detail,
    code: "story",
    errors: [],
  };
  // By this the page knows the refusal from that of a proxy.
  if (status === 401) response.setHeader("www-authenticate", 'Bearer realm="job-processor"');
  const body = JSON.stringify({ ...problem, requestId: "5t0ry" });
  send(response, status, "application/problem+json", body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, "application/json", JSON.stringify(body));
}

function send(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { "content-type": type }).end(body);
}

function index(): string {
  const items = STORIES.map(({ name, path, steps = [] }) => {
    const then = steps.length === 0 ? "" : `, then ${steps.map(inWords).join(", ")}`;
    return `<li><a href="/${name}/ui/${path}">${name}</a>${then}</li>`;
  });
  return `<!doctype html><html lang="en"><title>Stories</title><ul>${items.join("\n")}</ul></html>`;
}

function inWords(step: Step): string {
  if ("press" in step) return `press ${step.press}`;
  if ("click" in step) return `press the button ${step.click}`;
  if ("look" in step) return `look at ${step.look}`;
  return "cut the line";
}

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => send(response, 500, "text/plain", String(error)));
});
server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address();
  process.stdout.write(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/\n`);
});
