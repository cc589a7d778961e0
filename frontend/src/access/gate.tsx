import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { messageOf } from "@/api/errors";
import { sessionKeys } from "@/api/session";
import { code, LoadedLater } from "@/components/loaded-later";
import { LoadingPage } from "@/components/loading-page";
import { NotLoaded } from "@/components/not-loaded";
import { useAccess } from "./access-context";

const SIGN_IN_PAGE = code(() => import("./sign-in-page").then((found) => found.SignInPage));
const SIGN_IN_DIALOG = code(() => import("./sign-in-dialog").then((found) => found.SignInDialog));

/** The page for whom the server knows, else the way to sign in. */
export function Gate({ children }: { children: ReactNode }) {
  const { state, failure } = useAccess();
  const queries = useQueryClient();
  const [hasEnded, setHasEnded] = useState(false);
  if (state === "ended" && !hasEnded) setHasEnded(true);
  const loading = <LoadingPage what="the page" heights={[320]} />;
  if (state === "out") return <LoadedLater of={SIGN_IN_PAGE} props={{}} place={loading} />;
  if (state === "unknown" && failure !== null) {
    return (
      <NotLoaded
        isPage
        what="The page"
        why={messageOf(failure)}
        onRetry={() => void queries.invalidateQueries({ queryKey: sessionKeys.who })}
      />
    );
  }
  if (state === "unknown") return loading;
  return (
    <>
      {children}
      {hasEnded && <LoadedLater of={SIGN_IN_DIALOG} props={{}} />}
    </>
  );
}
