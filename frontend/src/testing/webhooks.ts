import { HttpResponse, http } from "msw";
import type { EndpointRequest, WireDelivery, WireEndpoint } from "@/api/model";
import { keySession, wireKey } from "./access-factories";
import { wireFlow } from "./flow-factories";
import { server } from "./server";
import { wireDelivery, wireEndpoint } from "./webhook-factories";

export const SECRET = `whsec_${"A".repeat(43)}=`;
export const JOB = "0123456789abcdef01234567";
export const OTHER = "f".repeat(24);

/** A server with these endpoints, for somebody who may do all. `sent`: those that were made. */
export function serving(...endpoints: Partial<WireEndpoint>[]) {
  const all = endpoints.map((changes) => wireEndpoint(changes));
  const sent: EndpointRequest[] = [];
  server.use(
    http.get("/session", () => HttpResponse.json(keySession("admin"))),
    http.get("/keys", () => HttpResponse.json([wireKey({ name: "lead" })])),
    http.get("/flows", () => HttpResponse.json([wireFlow(), wireFlow({ name: "other", isDefault: false })])),
    http.get("/webhook-endpoints", () => HttpResponse.json(all)),
    http.post("/webhook-endpoints", async ({ request }) => {
      sent.push((await request.json()) as EndpointRequest);
      all.unshift(wireEndpoint({ id: OTHER, description: "new one" }));
      return HttpResponse.json({ ...all[0], secret: SECRET }, { status: 201 });
    }),
  );
  return { all, sent };
}

/** A server that sent these deliveries. Returns the queries it was asked for them. */
export function delivering(...deliveries: Partial<WireDelivery>[]) {
  const asked: URLSearchParams[] = [];
  server.use(
    http.get("/webhook-deliveries", ({ request }) => {
      asked.push(new URL(request.url).searchParams);
      return HttpResponse.json(
        deliveries.map((changes, i) => wireDelivery({ id: String(i).repeat(24), ...changes })),
      );
    }),
    http.get("/webhook-deliveries/:id", ({ params }) =>
      HttpResponse.json(wireDelivery({ ...deliveries[0], id: String(params["id"]) })),
    ),
  );
  return asked;
}
