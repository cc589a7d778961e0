import { Modal } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { BASE_PATH } from "@/api/base-path";
import { isSignedOut, sessionQuery } from "@/api/session";
import { onSignedOut } from "@/api/signed-out";
import styles from "./session.module.css";
import { SignInForm } from "./sign-in-form";
import { WhoProvider } from "./who";

/**
 * Shows the page to who may see it, and a sign-in to others. A session that ends later is renewed in a dialog above the
 * page, so that nothing typed is lost.
 */
export function SessionGate({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const { data: who, error, isPending } = useQuery(sessionQuery);
  const [ended, setEnded] = useState(false);
  const outside = who === undefined && isSignedOut(error);

  useEffect(() => onSignedOut(() => setEnded(true)), []);

  const signedIn = async () => {
    await queries.invalidateQueries();
    setEnded(false);
  };

  if (isPending) return null;
  if (outside) {
    return (
      <main className={styles["page"]}>
        <img src={`${BASE_PATH}/ui/favicon.svg`} alt="" width={40} height={40} />
        <h1 className={styles["title"]}>Job Processor</h1>
        <SignInForm onSignedIn={() => void signedIn()} />
      </main>
    );
  }
  return (
    <WhoProvider value={who ?? null}>
      {children}
      <Modal
        opened={ended}
        onClose={() => {}}
        withCloseButton={false}
        closeOnEscape={false}
        closeOnClickOutside={false}
        title="The session has ended"
      >
        <p className={styles["ended"]}>Sign in again to go on. What you typed is kept.</p>
        <SignInForm onSignedIn={() => void signedIn()} />
      </Modal>
    </WhoProvider>
  );
}
