import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useState } from "react";
import { ActionButton } from "@/components/action-button";
import { unwatchEnds, useWatchedEnds, watchEnd } from "@/lib/watched-ends";

type Allowed = NotificationPermission | "impossible";

function allowedNow(): Allowed {
  return "Notification" in window && window.isSecureContext ? Notification.permission : "impossible";
}

const WHY_NOT: Partial<Record<Allowed, string>> = {
  denied:
    "The browser blocks notifications of this page. Allow them in its settings for this site, then reload the page.",
  impossible:
    "The browser offers no notifications on this page. Notifications need HTTPS, or a server on this computer.",
};

/** Asks the browser for a notice when the job ends. Its permission is asked for by a press only. */
export function NotifyButton({ id }: { id: string }) {
  const [allowed, setAllowed] = useState(allowedNow);
  const [asking, setAsking] = useState(false);
  const watching = useWatchedEnds().includes(id);
  if (watching) {
    return (
      <ActionButton
        label="Notify me: on"
        hint="This tab tells you when the job ends, as long as it is open and not reloaded. Press to turn it off."
        icon={IconBellOff}
        blocked={null}
        onAct={() => unwatchEnds([id])}
      />
    );
  }
  const ask = async () => {
    setAsking(true);
    const now = allowedNow() === "default" ? await Notification.requestPermission() : allowedNow();
    setAsking(false);
    setAllowed(now);
    if (now === "granted") watchEnd(id);
  };
  return (
    <ActionButton
      label="Notify me"
      hint="The browser tells you when the job ends, as long as this tab is open. It may ask you for permission first."
      icon={IconBell}
      blocked={WHY_NOT[allowed] ?? null}
      busy={asking}
      onAct={() => void ask()}
    />
  );
}
