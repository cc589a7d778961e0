"""The expected plans of the queries of webhooks."""

from job_processor.store.mongo.client import Document
from job_processor.store.mongo.expectation import ID_INDEX, LATER, Expected, find, only


def of_webhooks(now: int) -> list[Expected]:
    """Endpoints and deliveries."""
    newest: Document = {"sort": {"_id": -1}, "limit": 50}
    due: Document = {"nextAt": {"$lte": now}, "state": "pending"}
    lane_order = {"lane": 1, "nextAt": 1}
    return [
        *(
            Expected(
                f"relay_notices of {holders}", find(holders, {"noticesMark": {"$gt": ""}}, limit=100), ("notices",)
            )
            for holders in ("jobs", "batches")
        ),
        Expected("webhook_endpoints", find("webhookEndpoints", {}, sort={"_id": 1}), (ID_INDEX,)),
        Expected("save_webhook_endpoint, mark", find("webhookEndpoints", {"_id": "e", "write": "w"}), (ID_INDEX,)),
        Expected(
            "due_lanes",
            find("deliveries", {"lane": {"$gt": ""}, **due}, sort=lane_order, limit=1, projection=only("lane")),
            ("lane",),
        ),
        Expected("claim_deliveries", find("deliveries", {"lane": "e", **due}, sort={"nextAt": 1}, limit=4), ("lane",)),
        Expected("save_delivery, mark", find("deliveries", {"_id": LATER, "write": "w"}), (ID_INDEX,)),
        Expected("delivery", find("deliveries", {"_id": LATER}), (ID_INDEX,)),
        Expected("delivery of flows", find("deliveries", {"_id": LATER, "flow": {"$in": ["f"]}}), (ID_INDEX, "flow")),
        Expected("list_deliveries", find("deliveries", {}, **newest), (ID_INDEX,)),
        Expected("list_deliveries, next page", find("deliveries", {"_id": {"$lt": LATER}}, **newest), (ID_INDEX,)),
        Expected("list_deliveries of a job", find("deliveries", {"jobId": LATER}, **newest), ("job",)),
        Expected("list_deliveries of an endpoint", find("deliveries", {"endpointId": "e"}, **newest), ("endpoint",)),
        Expected("list_deliveries by state", find("deliveries", {"state": {"$in": ["failed"]}}, **newest), ("state",)),
        Expected("list_deliveries of flows", find("deliveries", {"flow": {"$in": ["f"]}}, **newest), ("flow",)),
        Expected(
            "prune_deliveries",
            find("deliveries", {"settledAt": {"$lt": now}}, sort={"settledAt": 1}, limit=200),
            ("settled",),
        ),
    ]
