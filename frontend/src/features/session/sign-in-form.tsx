import { Button, PasswordInput } from "@mantine/core";
import { IconKey } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { messageOf } from "@/api/errors";
import { signIn } from "@/api/session";
import styles from "./session.module.css";

/** Asks for an API key. `onSignedIn` is called when the browser has the session. */
export function SignInForm({ onSignedIn }: { onSignedIn: () => void }) {
  const [key, setKey] = useState("");
  const sending = useMutation({
    mutationFn: signIn,
    onSuccess: () => {
      setKey("");
      onSignedIn();
    },
  });
  const missing = key.trim() === "";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!missing) sending.mutate(key.trim());
  };
  return (
    <form className={styles["form"]} onSubmit={submit}>
      <PasswordInput
        label="API key"
        description="It begins with jp_. Whoever runs the server can make one."
        name="key"
        autoComplete="current-password"
        spellCheck={false}
        data-autofocus
        value={key}
        error={sending.isError ? messageOf(sending.error) : null}
        onChange={(event) => {
          setKey(event.currentTarget.value);
          if (sending.isError) sending.reset();
        }}
      />
      <Button
        type="submit"
        disabled={missing}
        loading={sending.isPending}
        leftSection={<IconKey size={17} aria-hidden />}
      >
        Sign in
      </Button>
    </form>
  );
}
