import { IconAlertTriangle } from "@tabler/icons-react";
import { useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { Callout } from "@/components/callout";
import { asText } from "@/lib/search-params";
import { FAILED_PATH } from "./failed-path";
import styles from "./sign-in.module.css";
import { SignInForm } from "./sign-in-form";
import { wordsForFailure } from "./words";

/** In place of a page that nobody may see: the address stays, and leads to that page after the sign-in. */
export function SignInPage() {
  const { pathname, search } = useLocation();
  const failed = pathname.endsWith(FAILED_PATH) ? asText((search as Record<string, unknown>)["error"]) : "";
  useEffect(() => {
    document.title = "Sign in · Job Processor";
  }, []);
  return (
    <div className={styles["page"]}>
      <section className={styles["card"]} aria-labelledby="sign-in">
        <header className={styles["head"]}>
          <h1 id="sign-in">Sign in</h1>
          <p>Sign in to see the jobs of this server.</p>
        </header>
        {failed !== "" && (
          <div role="alert">
            <Callout icon={IconAlertTriangle} tone="bad" testId="sign-in-failed">
              {wordsForFailure(failed)}
            </Callout>
          </div>
        )}
        <SignInForm />
        <details className={styles["help"]}>
          <summary>Where do I get a key?</summary>
          <p>An administrator of this server makes keys on the page “API keys”.</p>
          <p>
            The first start of the server wrote an admin key to the file <code>first-admin-key</code> in its
            data directory.
          </p>
        </details>
      </section>
    </div>
  );
}
