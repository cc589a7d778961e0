import { useNavigate, useSearch } from "@tanstack/react-router";
import { NeedsRight } from "@/access/needs-right";
import { toFilter, toSearch, type WebhookSearch } from "@/features/webhooks/search";
import { WebhooksView } from "@/features/webhooks/webhooks-view";
import { useTitle } from "./use-title";

export function WebhooksPage() {
  useTitle("Webhooks");
  const filter = toFilter(useSearch({ from: "/webhooks" }));
  const navigate = useNavigate({ from: "/webhooks" });
  return (
    <NeedsRight right="read" title="You may not see webhooks">
      <WebhooksView
        filter={filter}
        onChange={(changed) =>
          void navigate({
            search: (current: WebhookSearch) => toSearch({ ...toFilter(current), ...changed }),
            resetScroll: false,
          })
        }
      />
    </NeedsRight>
  );
}
