import { Button, Divider, PasswordInput } from "@mantine/core";
import { IconAlertTriangle, IconLogin2 } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { BASE_PATH } from "@/api/base-path";
import { messageOf } from "@/api/errors";
import { type SignInWay, signIn, signInWaysQuery } from "@/api/session";
import { Callout } from "@/components/callout";
import { useSignedIn } from "./access-context";
import { FAILED_PATH } from "./failed-path";
import styles from "./sign-in.module.css";

/** Until the server has said otherwise, a key is a way to sign in. */
const KEY_ONLY: readonly SignInWay[] = [{ kind: "key", name: "API key", path: "/session" }];

export function SignInForm() {
  const ways = useQuery(signInWaysQuery).data ?? KEY_ONLY;
  const providers = ways.filter((way) => way.kind === "oidc");
  const byKey = ways.some((way) => way.kind === "key");
  return (
    <div className={styles["ways"]}>
      {!window.isSecureContext && (
        <Callout icon={IconAlertTriangle} tone="warn" testId="not-secure">
          The browser keeps no session, because this page was opened over http. Open this server's https://
          address.
        </Callout>
      )}
      {providers.map((way) => (
        <Button
          key={way.path}
          component="a"
          href={signInAddress(way)}
          size="md"
          fullWidth
          leftSection={<IconLogin2 size={18} aria-hidden />}
        >
          Sign in with {way.name}
        </Button>
      ))}
      {providers.length > 0 && byKey && <Divider label="or with an API key" />}
      {byKey && <KeyForm plain={providers.length > 0} />}
    </div>
  );
}

/** The provider leads back to where one is now. */
function signInAddress(way: SignInWay): string {
  const here = new URLSearchParams({ backTo: location.pathname.slice(BASE_PATH.length) + location.search });
  // The page that tells of a failed sign-in is no place to come back to.
  return BASE_PATH + (location.pathname.endsWith(FAILED_PATH) ? way.path : `${way.path}?${here}`);
}

/** `plain`: there is a more usual way above. */
function KeyForm({ plain }: { plain: boolean }) {
  const [key, setKey] = useState("");
  const [blank, setBlank] = useState(false);
  const signedIn = useSignedIn();
  const entering = useMutation({ mutationFn: signIn, onSuccess: signedIn });

  const send = (event: FormEvent) => {
    event.preventDefault();
    if (entering.isPending) return;
    setBlank(key.trim() === "");
    if (key.trim() !== "") entering.mutate(key.trim());
  };

  return (
    <form onSubmit={send} className={styles["form"]} noValidate>
      <PasswordInput
        label="API key"
        placeholder="jp_…"
        size="md"
        autoComplete="current-password"
        autoCapitalize="off"
        spellCheck={false}
        data-autofocus
        autoFocus
        classNames={{ innerInput: "mono" }}
        visibilityToggleButtonProps={{ "aria-label": "Show or hide the key" }}
        value={key}
        error={blank ? "Paste an API key." : entering.isError ? messageOf(entering.error) : null}
        errorProps={{ role: "alert" }}
        onChange={(event) => {
          setKey(event.currentTarget.value);
          setBlank(false);
          if (entering.isError) entering.reset();
        }}
      />
      <Button
        type="submit"
        size="md"
        fullWidth
        variant={plain ? "default" : "filled"}
        loading={entering.isPending}
      >
        Sign in
      </Button>
    </form>
  );
}
